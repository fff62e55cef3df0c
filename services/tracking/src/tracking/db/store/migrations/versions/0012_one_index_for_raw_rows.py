"""One index for raw rows where there were two: the key finds a person's rows by their ids, which begin with their time.

A desktop's clock may be wrong, and an agent may number its records as it likes: rows whose id does not tell their time
stand in an index of their own. Of what came before this migration that is every row, of what comes after hardly any.
See `store/use_in_time.py`, which asks for the same rows in the same words.
"""

from alembic import op

revision = "0012"
down_revision = "0011"

KEYS = """
ALTER TABLE usage_record DROP CONSTRAINT usage_record_pkey, ADD PRIMARY KEY (company_id, employee_id, record_id);
DROP INDEX usage_record_of_employee;
CREATE INDEX usage_record_off_the_clock ON usage_record (company_id, employee_id, at)
    WHERE (
        uuid_extract_version(record_id) = 7
        AND at - uuid_extract_timestamp(record_id) BETWEEN interval '-1 hour' AND interval '1 hour'
    ) IS NOT TRUE;

ALTER TABLE activity DROP CONSTRAINT activity_pkey, ADD PRIMARY KEY (company_id, employee_id, record_id);
DROP INDEX activity_in_fold_order;
"""

FIRST_ID = """
CREATE FUNCTION first_record_id(moment timestamptz) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT CAST(rpad(lpad(to_hex(CAST(greatest(0, extract(epoch FROM moment) * 1000) AS bigint)), 12, '0'), 32, '0')
        AS uuid)
$$;
"""

# A device is its employee's, so one look for both.
TRIGGER = """
CREATE FUNCTION require_device() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT company_id, device_id, employee_id FROM added) a
        WHERE (
            SELECT d.employee_id = a.employee_id FROM public.device d
            WHERE d.company_id = a.company_id AND d.device_id = a.device_id
        ) IS NOT TRUE
    ) THEN
        RAISE foreign_key_violation
            USING MESSAGE = 'insert on "' || TG_TABLE_NAME || '" names a device that the employee does not have';
    END IF;
    RETURN NULL;
END
$$;

DROP TRIGGER require_employee ON activity;
ALTER TABLE activity ALTER CONSTRAINT activity_company_id_device_id_fkey NOT ENFORCED;
CREATE TRIGGER require_device AFTER INSERT ON activity REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION require_device();
"""

GRANTS = """
GRANT SELECT (employee_id) ON usage_record TO tracking_ingest;
GRANT SELECT (employee_id) ON activity TO tracking_fold;
GRANT SELECT (company_id, device_id, employee_id) ON device TO tracking_fold;
CREATE POLICY named_companies ON device TO tracking_fold
    USING (company_id = ANY ((SELECT nullif(current_setting('app.company_ids', true), '')::uuid[])::uuid[]));
"""


def upgrade() -> None:
    for statements in (KEYS, FIRST_ID, TRIGGER, GRANTS):
        op.execute(statements)
