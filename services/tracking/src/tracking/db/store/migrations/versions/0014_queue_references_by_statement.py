"""The queue's reference to its company is checked once a statement too, where it was once a row.

A claim names its employee, who is of the company: nothing more is to be asked. What names nobody is asked for its
company. As in 0011 the key stays in the schema; companies are never deleted.
"""

from alembic import op

revision = "0014"
down_revision = "0013"

# The writer of uploads, who names employees alone, never comes to the second question and may not read companies.
TRIGGER = """
CREATE FUNCTION require_employee_or_company() RETURNS trigger LANGUAGE plpgsql AS $$
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
    IF EXISTS (SELECT FROM added WHERE employee_id IS NULL) THEN
        IF EXISTS (
            SELECT FROM added a WHERE a.employee_id IS NULL
                AND (SELECT true FROM public.company c WHERE c.company_id = a.company_id) IS NULL
        ) THEN
            RAISE foreign_key_violation
                USING MESSAGE = 'insert on "' || TG_TABLE_NAME || '" names a company that there is not';
        END IF;
    END IF;
    RETURN NULL;
END
$$;

DROP TRIGGER require_employee ON fold_queue;
ALTER TABLE fold_queue ALTER CONSTRAINT fold_queue_company_id_fkey NOT ENFORCED;
CREATE TRIGGER require_employee_or_company AFTER INSERT ON fold_queue REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION require_employee_or_company();
"""


def upgrade() -> None:
    op.execute(TRIGGER)
