"""The audit trail keeps which service made the call; entries from before have none, and their hashes stay."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE audit_entry ADD COLUMN caller text NOT NULL DEFAULT ''")
