"""Runs a service's Alembic migrations."""

from alembic import command, context
from alembic.config import Config
from sqlalchemy import NullPool, create_engine, make_url


def upgrade(url: str, package: str) -> None:
    """Migrates the database at `url`, with the owner's role, to the newest version of `package`."""
    config = Config()
    config.set_main_option("script_location", f"{package}:migrations")
    config.attributes["url"] = url
    command.upgrade(config, "head")


def run() -> None:
    """Runs all steps in one transaction; called by every service's `migrations/env.py`."""
    url = make_url(context.config.attributes["url"]).set(drivername="postgresql+psycopg")
    with create_engine(url, poolclass=NullPool).begin() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
