"""References of raw rows to their people are checked once a statement, not once a row.

A foreign key asks for each row by itself and locks what it finds: half of what a row cost. The keys stay, for whoever
reads the schema, and the trigger enforces them: people are never deleted and raw rows never change hands, so what is
inserted is all there is to check.
"""

from alembic import op

revision = "0011"
down_revision = "0010"

# A sub-select for each pair is a look into employee's key. A join could become a pass over everybody.
TRIGGER = """
CREATE FUNCTION require_employee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT company_id, employee_id FROM added WHERE employee_id IS NOT NULL) a
        WHERE (
            SELECT true FROM public.employee e WHERE e.company_id = a.company_id AND e.employee_id = a.employee_id
        ) IS NULL
    ) THEN
        RAISE foreign_key_violation
            USING MESSAGE = 'insert on "' || TG_TABLE_NAME || '" names an employee whom the company does not have';
    END IF;
    RETURN NULL;
END
$$;
"""

CHECKED = ("usage_record", "fold_queue", "activity")

# The function asks as whoever inserts: the writer learns which people there are, by their numbers alone.
GRANTS = "GRANT SELECT (company_id, employee_id) ON employee TO tracking_ingest"


def upgrade() -> None:
    op.execute(TRIGGER)
    for table in CHECKED:
        op.execute(f"ALTER TABLE {table} ALTER CONSTRAINT {table}_company_id_employee_id_fkey NOT ENFORCED")
        op.execute(
            f"CREATE TRIGGER require_employee AFTER INSERT ON {table} REFERENCING NEW TABLE AS added "
            "FOR EACH STATEMENT EXECUTE FUNCTION require_employee()"
        )
    op.execute(GRANTS)
