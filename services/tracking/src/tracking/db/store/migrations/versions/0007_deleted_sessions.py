"""An admin can delete a session: its seconds are left out, its use and its pictures go, its ids stay."""

from alembic import op

revision = "0007"
down_revision = "0006"

TABLES = """
-- In Unix seconds: what went with the session, of its device's time and of its person's use. Written once, so that it
-- stays what the admin has deleted whatever other sessions become.
ALTER TABLE work_session
    ADD COLUMN deleted_at timestamptz,
    ADD COLUMN deleted_by uuid,
    ADD COLUMN deleted_seconds int8multirange,
    ADD COLUMN deleted_use int8multirange,
    ADD FOREIGN KEY (company_id, deleted_by) REFERENCES employee,
    ADD CHECK (num_nulls(deleted_at, deleted_by, deleted_seconds, deleted_use) IN (0, 4)),
    -- None goes on. Of a missing word, IN alone would not say no.
    ADD CHECK (deleted_at IS NULL
        OR ended_at IS NOT NULL AND ended_by IS NOT NULL AND ended_by IN ('TRACKER', 'ADMIN'));
CREATE INDEX work_session_deleted ON work_session (company_id, employee_id) WHERE deleted_at IS NOT NULL;

-- The kept state of folding: seconds of this day that are nobody's time, whether the device has reported them or may.
ALTER TABLE device_day
    ADD COLUMN deleted int4multirange NOT NULL DEFAULT '{}',
    ADD CHECK (deleted <@ int4range(0, 90000));

CREATE INDEX screenshot_of_session ON screenshot (company_id, session_id);
"""

# A record of use can be emptied, never taken away: its key is what a repetition is known by.
GRANTS = """
GRANT UPDATE (seconds, name, detail) ON usage_record TO tracking_app;

-- Which companies have deleted sessions lately, of which more rows may come.
GRANT SELECT (deleted_at) ON work_session TO tracking_dispatch;
"""


def upgrade() -> None:
    for statements in (TABLES, GRANTS):
        op.execute(statements)
