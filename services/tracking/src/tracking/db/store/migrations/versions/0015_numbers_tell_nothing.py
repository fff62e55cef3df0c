"""Numbers of companies, people, sessions and tasks are drawn at random: a sequence told each how busy the others are.

They lie between 2^52 and 2^53, so they are larger than any number that a sequence gave out, which stay as they are, and
smaller than the largest integer that JavaScript holds exactly. UNIQUE (company_id, number) refuses the repetition that
a company with a million sessions meets with a probability of one in ten thousand.
"""

from alembic import op

revision = "0015"
down_revision = "0014"

# Of a random UUID's 32 hexadecimal digits the 13th and the 17th say what it is; 13 of the others are 52 bits.
NUMBER = """
CREATE FUNCTION random_number() RETURNS bigint LANGUAGE sql VOLATILE PARALLEL SAFE SET search_path = pg_catalog
RETURN (
    SELECT ('x000' || left(id, 12) || right(id, 1))::bit(64)::bigint + 4503599627370496
    FROM (SELECT replace(gen_random_uuid()::text, '-', '') AS id) AS drawn
);
REVOKE EXECUTE ON FUNCTION random_number() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION random_number() TO tracking_app;
"""

TABLES = ("company", "employee", "work_session", "task")


def upgrade() -> None:
    op.execute(NUMBER)
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ALTER number DROP IDENTITY, ALTER number SET DEFAULT random_number()")
