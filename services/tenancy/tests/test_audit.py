"""The audit trail on PostgreSQL: who may touch it, and what tampering looks like."""

from collections.abc import Awaitable, Callable

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import Refused
from tenancy.application import verify_audit as verifying
from tenancy.application.suspend_company import suspend_company
from tenancy.application.verify_audit import verify_audit
from tenancy.domain.action import Action
from tenancy.domain.company import Company
from tenancy.feed.events import encode
from testkit.world import World, run_command

Create = Callable[[str], Awaitable[tuple[Company, str]]]


@pytest.fixture(scope="module", autouse=True)
async def some_history(engine: AsyncEngine, create: Create) -> None:
    for name in ("Zoë \U0001f680 “Ltd”", "Acme", "Umbrella"):
        company, _ = await create(name)
        action = Action("owner@tenantry.example", 'line one\nline two \\ "quoted" \u00e9')
        await suspend_company(engine, encode=encode, action=action, company_id=company.id)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET reason = 'another'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "DELETE FROM company",
        "UPDATE company SET name = 'another'",
        "UPDATE company_key SET digest = digest",
        "DELETE FROM company_key",
        "DELETE FROM clock",
    ],
)
async def test_the_services_role_can_neither_change_nor_remove_history(engine: AsyncEngine, statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        async with engine.begin() as tx:
            await tx.execute(text(statement))


async def test_the_chain_holds_over_several_pages(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "PAGE", 2)
    assert await verify_audit(engine) == 6


@pytest.mark.parametrize(
    ("tampering", "flaw"),
    [
        ("UPDATE audit_entry SET reason = 'x' WHERE revision = 4", "revision 4 or its predecessor was altered"),
        ("UPDATE audit_entry SET at = at + interval '1 us' WHERE revision = 2", "revision 2 or its predecessor"),
        ("DELETE FROM audit_entry WHERE revision = 3", "revision 3 is missing"),
        ("DELETE FROM audit_entry WHERE revision = 6", "after revision 5 are missing: the clock is at 6"),
        ("DELETE FROM audit_entry", "after revision 0 are missing"),
    ],
)
async def test_tampering_by_a_superuser_is_found(engine: AsyncEngine, world: World, tampering: str, flaw: str) -> None:
    with psycopg.connect(world.superuser_dsn("tenancy"), autocommit=True) as superuser:
        superuser.execute("CREATE TABLE kept AS SELECT * FROM audit_entry")
        try:
            superuser.execute(tampering)
            with pytest.raises(Refused, match=flaw):
                await verify_audit(engine)
        finally:
            superuser.execute("TRUNCATE audit_entry")
            superuser.execute("INSERT INTO audit_entry SELECT * FROM kept")
            superuser.execute("DROP TABLE kept")
    assert await verify_audit(engine) == 6


def test_the_command_tells_whether_the_trail_is_whole(environment: dict[str, str], world: World) -> None:
    assert '"entries": 6' in run_command("tenancy", "verify-audit", environment=environment)
    with psycopg.connect(world.superuser_dsn("tenancy"), autocommit=True) as superuser:
        superuser.execute("UPDATE audit_entry SET actor = 'x' WHERE revision = 1")
    with pytest.raises(RuntimeError, match="the audit entry of revision 1 or its predecessor was altered"):
        run_command("tenancy", "verify-audit", environment=environment)
