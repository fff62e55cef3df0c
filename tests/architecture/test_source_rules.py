"""What import-linter cannot see: where SQL stands, which rules are pure, what servicekit knows."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.conftest import Distribution

STATEMENT = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|COPY|CREATE|ALTER|DROP|GRANT|REVOKE)\s")
# The outbox is a table of every service; a ping is a statement, and so is the question whether a listener still hears.
SQL_OF_SERVICEKIT = {"outbox.py", "database.py", "migrations.py", "notifications.py"}

LAYERS = frozenset({"rules", "use_cases", "store", "client", "messages", "worker", "rpc", "api", "pages"})
# The names that layers had before a service was divided into feature packages.
FORMER = {"domain": "rules", "application": "use_cases", "clients": "client", "feed": "worker"}

ENGINE_TYPES = {"AsyncEngine", "AsyncConnection"}

DOMAIN_WORDS = {
    *("company", "companies", "tenant", "tenancy", "customer", "employee", "employees", "person", "people", "owner"),
    *("plan", "plans", "billing", "price", "money", "seat", "seats", "trial", "entitlement", "tracking", "tracker"),
    *("desktop", "device", "devices", "session", "sessions", "screenshot", "screenshots", "portal", "dashboard"),
    *("workspace", "timeline", "usage", "suspended"),
}


def layer_of(module: Path, package: Path) -> str | None:
    """The layer of a file: `store` of `tasks/store.py`, `tasks/store/lists.py` and `store/tasks.py`.

    None for what composes or supports: `main.py`, `settings.py`, packages without layers.
    """
    relative = module.relative_to(package)
    for part in (*relative.parts[:-1], relative.stem):
        if part in LAYERS or part in FORMER:
            return FORMER.get(part, part)
    return None


def sql_in(source: str) -> Iterator[str]:
    """Texts and bytes that begin as a statement does; what documents something is left out."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) and id(node) not in prose:
            value = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            if STATEMENT.match(value):
                yield " ".join(value.split())[:60]


def imports_in(source: str) -> Iterator[tuple[str, str]]:
    """(module, name) of every import; `import x` has no name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def impure(source: str, service: str) -> list[str]:
    """Imports that rules must not have: they may use the standard library, each other and libraries of pure rules."""
    return [
        module
        for module, _ in imports_in(source)
        if module.partition(".")[0] not in sys.stdlib_module_names
        and not re.match(rf"{service}\.(?:domain\b|(?:\w+\.)+rules\b)", module)
        and module not in ("servicekit.errors", "servicekit.ids", "audit_chain")
        and module.partition(".")[0] != "text_rules"
    ]


def database_imports(source: str) -> list[str]:
    """What only a store may import of the database's libraries; types of engines and transactions are everyone's."""
    return [
        f"{module}.{name}"
        for module, name in imports_in(source)
        if module.partition(".")[0] in {"sqlalchemy", "psycopg", "alembic"} and name not in ENGINE_TYPES
    ]


def domain_words_in(source: str) -> set[str]:
    """Words of names and texts that belong to some service's domain; docstrings count, comments do not."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        texts = [getattr(node, field, None) for field in ("id", "attr", "arg", "name", "value", "module")]
        for text in texts:
            if isinstance(text, str):
                words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", text)
                found |= DOMAIN_WORDS.intersection(word.lower() for word in words)
    return found


def test_sql_stands_in_stores_alone(services: list[Distribution], root: Path) -> None:
    found = [
        f"{path.relative_to(root)}: {statement}"
        for service in services
        for path in service.modules()
        if layer_of(path, service.packages[0]) != "store"
        for statement in sql_in(path.read_text())
    ]
    kit = root / "libs/servicekit/src/servicekit"
    found += [f"{path.name}" for path in kit.glob("*.py") if list(sql_in(path.read_text()))]
    assert set(found) == SQL_OF_SERVICEKIT


@pytest.mark.parametrize(
    "source",
    [
        'x = "SELECT 1"',
        'text(f"""\n  UPDATE company SET {columns}""")',
        'run(b"COPY t FROM STDIN")',
        'f("WITH a AS (")',
    ],
)
def test_a_statement_is_recognised(source: str) -> None:
    assert list(sql_in(source))


@pytest.mark.parametrize(
    "source", ['"""SELECT is what this module never does."""', 'x = "Select a plan"', "x = 'WITHIN'"]
)
def test_prose_is_no_statement(source: str) -> None:
    assert not list(sql_in(source))


def test_rules_are_pure(services: list[Distribution], root: Path) -> None:
    found = [
        f"{path.relative_to(root)} imports {module}"
        for service in services
        for path in service.modules()
        if layer_of(path, service.packages[0]) == "rules"
        for module in impure(path.read_text(), service.packages[0].name)
    ]
    assert found == []


@pytest.mark.parametrize(
    "statement",
    ["import httpx", "from servicekit import outbox", "from tracking.totals.store import folding", "from . import x"],
)
def test_an_impure_rule_is_recognised(statement: str) -> None:
    assert impure(statement, "tracking")
    assert not impure("from servicekit.errors import Refused\nimport zoneinfo", "tracking")
    assert not impure("from tracking.totals.rules.spans import Spans", "tracking")


def test_only_stores_use_the_database_library(services: list[Distribution]) -> None:
    found = {
        f"{path.relative_to(service.packages[0].parent)}"
        for service in services
        for path in service.modules()
        if layer_of(path, service.packages[0]) != "store" and database_imports(path.read_text())
    }
    assert found == set()


@pytest.mark.parametrize("statement", ["from sqlalchemy import text", "import psycopg", "from sqlalchemy.exc import X"])
def test_a_use_of_the_database_library_is_recognised(statement: str) -> None:
    assert database_imports(statement)
    assert not database_imports("from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine")


def test_servicekit_knows_no_domain(root: Path) -> None:
    sources = {path.name: path.read_text() for path in (root / "libs/servicekit/src/servicekit").glob("*.py")}
    found = {name: words for name, source in sources.items() if (words := domain_words_in(source))}
    assert found == {"migrations.py": {"owner"}}  # the role that owns the tables


@pytest.mark.parametrize(
    "source", ["def list_companies(): ...", "class CompanyKey: ...", 'x = "the employee"', "x.seats"]
)
def test_a_domain_word_is_recognised(source: str) -> None:
    assert domain_words_in(source)
    assert not domain_words_in("def compare(planet): return tenantry")
