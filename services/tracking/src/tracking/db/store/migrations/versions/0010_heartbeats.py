"""The role that notes when sessions and devices were heard of: of many companies at once, and no more."""

from alembic import op

revision = "0010"
down_revision = "0009"

# The cast after the sub-select makes the list one value, read once, where ANY would take it for a list of rows.
POLICIES = """
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['work_session', 'device', 'key_use'] LOOP
        EXECUTE format(
            'CREATE POLICY heard_companies ON %I TO tracking_heartbeat USING (company_id = ANY ((SELECT nullif('
            'current_setting(''app.company_ids'', true), '''')::uuid[])::uuid[]))', name);
    END LOOP;
END $$;
"""

GRANTS = """
GRANT SELECT (company_id, number, session_id, device_id, last_seen_at, ended_at, ended_by),
    UPDATE (last_seen_at, ended_at, ended_by) ON work_session TO tracking_heartbeat;
GRANT SELECT (company_id, device_id, key_digest, last_seen_at, revoked_at), UPDATE (key_digest, last_seen_at)
    ON device TO tracking_heartbeat;
GRANT SELECT, INSERT, UPDATE ON key_use TO tracking_heartbeat;
"""


def upgrade() -> None:
    for statements in (POLICIES, GRANTS):
        op.execute(statements)
