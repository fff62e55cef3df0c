"""Companies are compared, found and sorted by the rules that all services share.

Two names that were different and are the same now (in full width, say) stay both: the company that was created first
keeps the name, and the other one has to be given another name with the next change of its details.
"""

from alembic import op
from sqlalchemy import text

from text_rules.lines import name_key
from text_rules.ordering import sort_key
from text_rules.search import search_text

revision = "0003"
down_revision = "0002"

COLUMNS = """
ALTER TABLE company ADD COLUMN name_order bytea;
COMMENT ON COLUMN company.name_order IS 'Compares as names are sorted; computed by the service (text_rules.ordering)';
"""

COMPANIES = text("SELECT id, name, email, contact_person FROM company ORDER BY created_at, id")

SAVE = text("""
    UPDATE company SET name_key = :name_key, name_order = :name_order, search_text = :search_text WHERE id = :id
""")

INDEX = """
ALTER TABLE company ALTER COLUMN name_order SET NOT NULL;
ALTER TABLE company ADD CONSTRAINT company_name_unique UNIQUE (name_key);
CREATE INDEX company_by_name ON company (name_order, id);
GRANT UPDATE (name_order) ON company TO tenancy_app;
"""


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute("ALTER TABLE company DROP CONSTRAINT company_name_unique")
    connection = op.get_bind()
    taken: set[str] = set()
    rows = []
    for company in connection.execute(COMPANIES):
        key = name_key(company.name)
        if key in taken:
            key = f"{key} #{company.id}"
        taken.add(key)
        rows.append(
            {
                "id": company.id,
                "name_key": key,
                "name_order": sort_key(company.name),
                "search_text": search_text(company.name, company.email, company.contact_person),
            }
        )
    if rows:
        connection.execute(SAVE, rows)
    op.execute(INDEX)
