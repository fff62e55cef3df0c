"""Accounts are found by the key of their e-mail that all services share.

It was the case-folded address, by which straße@ and strasse@ were one mailbox, and one address in two Unicode forms was
two. Where two accounts of a company have one key now, both stay: the active one, else the older one, keeps the address.
The other is found by no address until an admin, who still sees it in the team, gives it another one.
"""

from hashlib import sha256

from alembic import op
from sqlalchemy import text

from text_rules.addresses import email_key

revision = "0018"
down_revision = "0017"

# Forced row-level security shows the owner no row.
OPEN = "ALTER TABLE employee NO FORCE ROW LEVEL SECURITY"
CLOSE = "ALTER TABLE employee FORCE ROW LEVEL SECURITY"

ACCOUNTS = text("""
    SELECT company_id, employee_id, email, email_digest FROM employee ORDER BY company_id, active DESC, employee_id
""")

SAVE = text("""
    UPDATE employee SET email_digest = :email_digest
    WHERE company_id = :company_id AND employee_id = :employee_id
""")


def upgrade() -> None:
    op.execute(OPEN)
    connection = op.get_bind()
    taken = set()
    displaced, changed = [], []
    for account in connection.execute(ACCOUNTS):
        key = email_key(account.email)
        own = (account.company_id, key)
        rows = displaced if own in taken else changed
        if own in taken:
            key = f"{key} #{account.employee_id}"  # no address has a blank
        taken.add(own)
        digest = sha256(key.encode("utf-8", "replace")).digest()
        if digest != bytes(account.email_digest):
            values = {"company_id": account.company_id, "employee_id": account.employee_id, "email_digest": digest}
            rows.append(values)
    for rows in (displaced, changed):  # in this order: a digest is free before another account gets it
        if rows:
            connection.execute(SAVE, rows)
    op.execute(CLOSE)
    op.execute("COMMENT ON COLUMN employee.email_digest IS 'SHA-256 of text_rules.addresses.email_key(email)'")
