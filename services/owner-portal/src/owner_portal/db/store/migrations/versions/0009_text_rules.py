"""Owners are found by the key of their address; companies are found and sorted by the rules that all services share.

Addresses were case-folded when they were stored: what was typed is not known any more, and they stay as they are. Where
two accounts have one key now, both stay: an active one, else the older one, keeps the address. Nobody signs in to the
other; it stays in the list of owners, and in the trail. Of two such invitations the later one stays.
"""

from alembic import op
from sqlalchemy import text

from text_rules.addresses import email_key
from text_rules.lines import name_key
from text_rules.ordering import sort_key
from text_rules.search import search_text

revision = "0009"
down_revision = "0008"

KEYS = """
ALTER TABLE owner ADD COLUMN email_key text;
ALTER TABLE invitation ADD COLUMN email_key text;
COMMENT ON COLUMN owner.email_key IS 'What the account is found by (text_rules.addresses); mail goes to email';
"""

OWNERS = text("SELECT id, email FROM owner ORDER BY deactivated_at IS NOT NULL, created_at, id")

INVITATIONS = text("SELECT id, email FROM invitation ORDER BY expires_at DESC, id")

UNIQUE = """
ALTER TABLE owner ALTER COLUMN email_key SET NOT NULL, ADD UNIQUE (email_key), DROP CONSTRAINT owner_email_key;
ALTER TABLE invitation ALTER COLUMN email_key SET NOT NULL, ADD UNIQUE (email_key),
    DROP CONSTRAINT invitation_email_key;
"""

ORDERS = """
DROP INDEX company_by_name, company_by_email;
ALTER TABLE company
    DROP COLUMN search_text,
    ADD COLUMN search_text text NOT NULL DEFAULT '',
    ADD COLUMN name_key text NOT NULL DEFAULT '',
    ADD COLUMN name_order bytea NOT NULL DEFAULT '',
    ADD COLUMN email_order bytea NOT NULL DEFAULT '';
COMMENT ON COLUMN company.name_order IS 'Compares as names are sorted; computed by the portal (text_rules.ordering)';
"""

COMPANIES = text("SELECT company_id, name, email, contact_person FROM company")

SAVE = text("""
    UPDATE company SET search_text = :search_text, name_key = :name_key, name_order = :name_order,
        email_order = :email_order
    WHERE company_id = :company_id
""")

INDEXES = """
CREATE INDEX company_by_key ON company (name_key);
CREATE INDEX company_by_name ON company (name_order, company_id);
CREATE INDEX company_by_email ON company (email_order, company_id);
"""


def upgrade() -> None:
    op.execute(KEYS)
    connection = op.get_bind()
    taken: set[str] = set()
    for account in connection.execute(OWNERS).all():
        key = email_key(account.email)
        key = f"{key} #{account.id}" if key in taken else key  # no address has a blank
        taken.add(key)
        connection.execute(text("UPDATE owner SET email_key = :key WHERE id = :id"), {"key": key, "id": account.id})
    invited: set[str] = set()
    for invitation in connection.execute(INVITATIONS).all():
        key = email_key(invitation.email)
        values = {"key": key, "id": invitation.id}
        if key in invited:
            connection.execute(text("DELETE FROM invitation WHERE id = :id"), values)
        else:
            connection.execute(text("UPDATE invitation SET email_key = :key WHERE id = :id"), values)
        invited.add(key)
    op.execute(UNIQUE)
    op.execute(ORDERS)
    rows = [
        {
            "company_id": each.company_id,
            "search_text": search_text(each.name, each.email, each.contact_person),
            "name_key": name_key(each.name),
            "name_order": sort_key(each.name),
            "email_order": sort_key(each.email),
        }
        for each in connection.execute(COMPANIES)
    ]
    if rows:
        connection.execute(SAVE, rows)
    op.execute(INDEXES)
