"""The role that folds: many companies in one transaction, and no other row than theirs."""

from alembic import op

revision = "0003"
down_revision = "0002"

# The cast after the sub-select makes the list one value, read once, where ANY would take it for a list of rows.
POLICIES = """
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['company', 'employee', 'storage_use', 'fold_queue', 'activity', 'device_day',
                                'employee_day', 'company_day', 'outbox'] LOOP
        EXECUTE format(
            'CREATE POLICY named_companies ON %I TO tracking_fold USING (company_id = ANY ((SELECT nullif('
            'current_setting(''app.company_ids'', true), '''')::uuid[])::uuid[]))', name);
    END LOOP;
END $$;
"""

GRANTS = """
GRANT SELECT (company_id, time_zone, feed_revision), UPDATE (feed_revision) ON company TO tracking_fold;
GRANT SELECT (company_id, employee_id, active) ON employee TO tracking_fold;
GRANT SELECT ON storage_use TO tracking_fold;
GRANT SELECT, DELETE ON fold_queue TO tracking_fold;
GRANT SELECT (company_id, record_id, entry_id), INSERT ON activity TO tracking_fold;
GRANT SELECT, INSERT, UPDATE ON device_day, employee_day, company_day, outbox TO tracking_fold;
"""


def upgrade() -> None:
    for statements in (POLICIES, GRANTS):
        op.execute(statements)
