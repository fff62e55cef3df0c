"""Provisioning of PostgreSQL roles and databases; idempotent."""

from collections.abc import Iterable, Mapping

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tenantry_ops.topology import DATABASES, Database, Role


def provision_postgres(
    superuser_dsn: str, passwords: Mapping[str, str], databases: Iterable[Database] = DATABASES.values()
) -> None:
    """Creates what is missing and sets every role's attributes and password (role name -> password).

    Raises psycopg.Error when the server cannot be reached or the DSN's role is no superuser.
    """
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        for shared in ("postgres", "template1"):
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(shared)))
        for database in databases:
            for role in (database.owner, *database.roles):
                _ensure_role(connection, role, passwords[role.name])
    for database in databases:
        create_database(superuser_dsn, database, database.name)


def create_database(superuser_dsn: str, database: Database, name: str, template: str | None = None) -> None:
    """Creates a database of this kind under a name, as a copy of the template when one is given; sets its rights.

    An existing database keeps its content. The template must have no open connection.
    """
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        owner = sql.Identifier(database.owner.name)
        if exists is None:
            copied = sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
            create = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), owner)
            connection.execute(create + copied)
        target = sql.Identifier(name)
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(target, owner))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(target))
        for role in database.roles:
            grantee = sql.Identifier(role.name)
            connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(target, grantee))
    with psycopg.connect(make_conninfo(superuser_dsn, dbname=name), autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(owner))
        connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        for role in database.roles:
            connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(role.name)))


def drop_database(superuser_dsn: str, name: str) -> None:
    """Drops a database and ends its sessions."""
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _ensure_role(connection: psycopg.Connection, role: Role, password: str) -> None:
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role.name,)).fetchone()
    if exists is None:
        connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role.name)))
    # Statements are logged, so they contain the verifier, never the password.
    verifier = connection.pgconn.encrypt_password(password.encode(), role.name.encode(), b"scram-sha-256").decode()
    statement = sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION {} PASSWORD {}")
    row_security = sql.SQL("BYPASSRLS" if role.bypasses_row_security else "NOBYPASSRLS")
    connection.execute(statement.format(sql.Identifier(role.name), row_security, sql.Literal(verifier)))
