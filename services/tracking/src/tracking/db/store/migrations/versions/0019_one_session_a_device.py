"""A device has one running session: a new one ends the device's older one, and the table's index says so too."""

from alembic import op

revision = "0019"
down_revision = "0018"

# Forced row-level security shows the owner no row.
OPEN = "ALTER TABLE work_session NO FORCE ROW LEVEL SECURITY"
CLOSE = "ALTER TABLE work_session FORCE ROW LEVEL SECURITY"

# NEXT: it was over when the same device began its next session. Like SILENCE, its tracker may still say when it ended.
KINDS = """
ALTER TABLE work_session DROP CONSTRAINT work_session_ended_by_check;
ALTER TABLE work_session ADD CONSTRAINT work_session_ended_by_check
    CHECK (ended_by IN ('TRACKER', 'SILENCE', 'ADMIN', 'NEXT'));
"""

OLDER = """
UPDATE work_session w SET ended_at = greatest(w.started_at, least(w.last_seen_at, n.started_at)), ended_by = 'NEXT'
FROM (
    SELECT company_id, session_id, lead(started_at) OVER (
        PARTITION BY company_id, employee_id, device_id ORDER BY started_at, number
    ) AS started_at
    FROM work_session WHERE device_id IS NOT NULL
) n
WHERE w.company_id = n.company_id AND w.session_id = n.session_id AND n.started_at IS NOT NULL
    AND w.deleted_at IS NULL AND (w.ended_by IS NULL OR w.ended_by = 'SILENCE')
"""

# The numbers that companies see are drawn at random, so of two sessions that start at one moment they do not tell which
# began later.
ORDER = "ALTER TABLE work_session ADD COLUMN begun bigint GENERATED ALWAYS AS IDENTITY"

ONE = """
CREATE UNIQUE INDEX work_session_one_running ON work_session (company_id, device_id)
    WHERE ended_at IS NULL AND device_id IS NOT NULL
"""


def upgrade() -> None:
    for statement in (KINDS, OPEN, OLDER, CLOSE, ORDER, ONE):
        op.execute(statement)
