"""Devices of agents have names."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE device ADD COLUMN name text -- NULL: the log-in of a desktop tracker")
