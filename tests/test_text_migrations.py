"""Migrations to the shared text rules: older rows are compared by the new keys; none is merged or lost."""

import dataclasses
import unicodedata
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from servicekit.ids import new_id
from tenantry_ops.environment import migrating
from tenantry_ops.provision import create_database, drop_database
from tenantry_ops.topology import DATABASES
from text_rules.addresses import email_key
from text_rules.lines import name_key
from text_rules.ordering import sort_key

NFC = "söhne@mail.example"
NFD = unicodedata.normalize("NFD", NFC)


class Database:
    """A service's database, migrated to just before one migration and then to the newest version."""

    def __init__(self, url: str, superuser: str, package: str, migration: str) -> None:
        self._config = Config()
        self._config.set_main_option("script_location", f"{package}.db.store:migrations")
        self._config.attributes["url"] = url
        self.rows = psycopg.connect(superuser, autocommit=True)
        scripts = ScriptDirectory.from_config(self._config).walk_revisions()
        [found] = [script for script in scripts if Path(script.path).stem.endswith(migration)]
        command.upgrade(self._config, str(found.down_revision))
        self._to = found.revision

    def migrate(self) -> None:
        command.upgrade(self._config, self._to)

    def read(self, statement: Any, *values: Any) -> list[tuple[Any, ...]]:
        return self.rows.execute(statement, values).fetchall()


@pytest.fixture
def before(postgres_engine: Any, world: Any) -> Iterator[Callable[[str, str, str], Database]]:
    opened: list[tuple[Database, str]] = []

    def open_(service: str, package: str, migration: str) -> Database:
        context = {"owner-portal": "portal"}.get(service, service)
        name = f"{context}_text_{len(opened)}"
        create_database(postgres_engine.dsn(), DATABASES[context], name)
        platform = dataclasses.replace(world.platform, databases={context: name})
        [url] = [value for key, value in migrating(platform, service).items() if key.endswith("MIGRATION_DATABASE_URL")]
        opened.append((Database(url, postgres_engine.dsn(name), package, migration), name))
        return opened[-1][0]

    yield open_
    for database, name in opened:
        database.rows.close()
        drop_database(postgres_engine.dsn(), name)


def test_owners_and_invitations(before: Callable[..., Database]) -> None:
    database = before("owner-portal", "owner_portal", "text_rules")
    for email, deactivated in ((NFD, True), (NFC, False), ("strasse@mail.example", False), ("odd one", False)):
        database.rows.execute(
            "INSERT INTO owner (id, email, password_hash, deactivated_at) VALUES (%s, %s, 'x', %s)",
            [new_id(), email, "2026-01-01" if deactivated else None],
        )
    for email in (NFD, NFC, "ß@mail.example"):
        database.rows.execute(
            "INSERT INTO invitation VALUES (%s, %s, %s, 'owner', now() + make_interval(hours => %s))",
            [new_id(), email.encode(), email, 1 if email == NFD else 2],
        )
    database.rows.execute(
        "INSERT INTO company (company_id, status, name, email) VALUES (%s, 'ACTIVE', 'Öl', 'İ@x')", [new_id()]
    )
    database.migrate()
    keys = dict(database.read("SELECT email, email_key FROM owner"))
    assert len(keys) == 4, "nobody is lost"
    assert keys[NFC] == email_key(NFC) == email_key(NFD)
    assert keys[NFD].startswith(f"{email_key(NFC)} #"), "found by no address"
    assert keys["strasse@mail.example"] == "strasse@mail.example"
    assert dict(database.read("SELECT email, email_key FROM invitation")) == {
        NFC: email_key(NFC),
        "ß@mail.example": "ß@mail.example",
    }
    assert database.read("SELECT name_key, name_order, email_order, search_text FROM company") == [
        ("öl", sort_key("Öl"), sort_key("İ@x"), "ol\ni@x\n")
    ]


def test_employees(before: Callable[..., Database]) -> None:
    database = before("tracking", "tracking", "email_keys")
    company, other = new_id(), new_id()
    for each in (company, other):
        database.rows.execute("INSERT INTO company (company_id, time_zone) VALUES (%s, 'UTC')", [each])
    people = [
        (company, NFD),
        (company, NFC),
        (other, NFD),
        (company, "straße@mail.example"),
        (company, "Ada@x.example"),
    ]
    for each, email in people:
        database.rows.execute(
            "INSERT INTO employee (company_id, employee_id, name, email, email_digest, role, password_hash)"
            " VALUES (%s, %s, 'Ada', %s, %s, 'EMPLOYEE', '')",
            [each, new_id(), email, sha256(email.casefold().encode()).digest()],
        )
    database.rows.execute("UPDATE employee SET active = false WHERE email = %s AND company_id = %s", [NFD, company])
    database.migrate()
    found = {
        (each, email): bytes(digest)
        for each, email, digest in database.read("SELECT company_id, email, email_digest FROM employee")
    }
    assert len(found) == len(people)

    def digest(email: str) -> bytes:
        return sha256(email_key(email).encode()).digest()

    assert found[company, NFC] == digest(NFC), "the active account keeps the address"
    assert found[other, NFD] == digest(NFC)
    assert found[company, NFD] not in {digest(NFC), digest(NFD)}
    assert found[company, "straße@mail.example"] == digest("straße@mail.example") != digest("strasse@mail.example")
    assert found[company, "Ada@x.example"] == digest("ada@x.example")
    [(forced,)] = database.read("SELECT relforcerowsecurity FROM pg_class WHERE oid = 'employee'::regclass")
    assert forced


def test_companies(before: Callable[..., Database]) -> None:
    database = before("tenancy", "tenancy", "text_rules")
    for number, name in enumerate(("Acme", "Ａｃｍｅ", "Ärger")):
        database.rows.execute(
            "INSERT INTO company (id, name, name_key, email, contact_person, phone, address, time_zone, search_text,"
            " state, created_at, revision)"
            " VALUES (%s, %s, %s, 'a@x.example', 'Zoë', '', '', 'UTC', '', 'active', now(), %s)",
            [new_id(), name, name.casefold(), number],
        )
    database.migrate()
    found = {name: rest for name, *rest in database.read("SELECT name, name_key, name_order, search_text FROM company")}
    assert found["Acme"] == ["acme", sort_key("Acme"), "acme\na@x.example\nzoe"]
    assert found["Ａｃｍｅ"][0].startswith("acme #"), "the younger of two equal names has to be changed"
    assert found["Ärger"] == [name_key("Ärger"), sort_key("Ärger"), "arger\na@x.example\nzoe"]
