"""Whoever has a task, and whoever gives it, can write a note to it."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("ALTER TABLE task ADD COLUMN note text NOT NULL DEFAULT ''")
