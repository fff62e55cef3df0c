"""Employees have a designation and a time zone of their own; an admin can end a session."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = """
ALTER TABLE employee
    ADD COLUMN designation text NOT NULL DEFAULT '',
    ADD COLUMN time_zone text; -- in which times are shown to that person; NULL: the company's

ALTER TABLE work_session DROP CONSTRAINT work_session_ended_by_check;
ALTER TABLE work_session ADD CHECK (ended_by IN ('TRACKER', 'SILENCE', 'ADMIN'));

CREATE INDEX work_session_by_start ON work_session (company_id, started_at, number);
"""


def upgrade() -> None:
    op.execute(STATEMENTS)
