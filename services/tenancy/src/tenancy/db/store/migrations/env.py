"""Alembic's entry point."""

from servicekit import migrations

migrations.run()
