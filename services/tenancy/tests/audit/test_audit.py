"""The audit trail on PostgreSQL: rights, tampering, listing."""

from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from audit_chain import ChainEnd
from audit_trail import store as audit_store
from servicekit.errors import InvalidInput
from tenancy.actions.rules import Action
from tenancy.actions.use_cases import OwnerRequest
from tenancy.audit.rules import AuditFilter, to_token
from tenancy.audit.use_cases import list_audit_entries, verify_audit
from tenancy.companies.rules.company import Company
from tenancy.events.messages import encode
from tenancy.lifecycle.use_cases import suspend_company
from testkit.world import World, run_command

Create = Callable[[str], Awaitable[tuple[Company, str]]]

ENTRIES = 6


@pytest.fixture(scope="module", autouse=True)
async def some_history(engine: AsyncEngine, create: Create) -> None:
    for name in ("Zoë \U0001f680 “Ltd”", "Acme", "Umbrella"):
        company, _ = await create(name)
        action = Action("owner@tenantry.example", 'line one\nline two \\ "quoted" \u00e9', request_id="r-1")
        await suspend_company(engine, encode=encode, request=OwnerRequest(action), company_id=company.id)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET reason = 'another'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "DELETE FROM company",
        "UPDATE company SET created_at = now()",
        "UPDATE company_key SET hint = 'another'",
        "DELETE FROM company_key",
        "UPDATE key_digest SET digest = digest",
        "DELETE FROM key_digest",
        "DELETE FROM clock",
    ],
)
async def test_the_services_role_can_neither_change_nor_remove_history(engine: AsyncEngine, statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        async with engine.begin() as tx:
            await tx.execute(text(statement))


async def test_the_chain_holds_over_several_pages(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_store, "PAGE_SIZE", 2)
    verdict = await verify_audit(engine)
    assert (verdict.end.revision, verdict.flaw) == (ENTRIES, None)


CHANGED = "UPDATE audit_entry SET {} WHERE revision = {}"
COPY = """
    INSERT INTO audit_entry
    SELECT {}, gen_random_uuid(), at, actor, action, company_id, reason, request_id, before, after, previous, hash
    FROM audit_entry WHERE action = 'create' ORDER BY revision LIMIT 1
"""
TAMPERINGS = {
    CHANGED.format("id = gen_random_uuid()", 2): "revision 2 was altered",
    CHANGED.format("at = at + interval '1 us'", 2): "revision 2 was altered",
    CHANGED.format("actor = 'x'", 1): "revision 1 was altered",
    CHANGED.format("action = 'x'", 3): "revision 3 was altered",
    CHANGED.format("company_id = (SELECT company_id FROM audit_entry WHERE revision = 1)", 4): "revision 4 was altered",
    CHANGED.format("caller = 'operator'", 6): "revision 6 was altered",
    CHANGED.format("reason = 'x'", 6): "revision 6 was altered",
    CHANGED.format("request_id = 'x'", 2): "revision 2 was altered",
    CHANGED.format("before = NULL", 2): "revision 2 was altered",
    CHANGED.format("before = '{}'", 1): "revision 1 was altered",
    CHANGED.format("""after = after || '{"state": "active"}'""", 4): "revision 4 was altered",
    CHANGED.format("previous = sha256('x')", 5): "revision 5 was altered",
    CHANGED.format("hash = sha256('x')", 5): "revision 5 was altered",
    CHANGED.format("revision = 9", 3): "revision 3 is missing",
    CHANGED.format("revision = 0", 1): "revision 0 was added",
    "UPDATE audit_entry SET revision = CASE revision WHEN 2 THEN 30 WHEN 3 THEN 2 ELSE revision END": "2 was altered",
    COPY.format(0): "revision 0 was added",
    COPY.format(-7): "revision -7 was added",
    COPY.format(7): "revision 7 was altered",
    "UPDATE audit_entry SET revision = revision + 1 WHERE revision > 2;" + COPY.format(3): "revision 3 was altered",
    "DELETE FROM audit_entry WHERE revision = 1": "revision 1 is missing",
    "DELETE FROM audit_entry WHERE revision = 3": "revision 3 is missing",
    "DELETE FROM audit_entry WHERE revision = 6": "revision 6 is missing: the clock is at 6",
    "DELETE FROM audit_entry": "revision 1 is missing",
    "UPDATE clock SET revision = 5": "revision 6 was added: the clock is at 5",
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
async def test_tampering_by_a_superuser_is_found_and_named(engine: AsyncEngine, world: World, tampering: str) -> None:
    with psycopg.connect(world.superuser_dsn("tenancy"), autocommit=True) as superuser:
        superuser.execute("CREATE TABLE kept AS SELECT * FROM audit_entry")
        superuser.execute("ALTER TABLE audit_entry DROP CONSTRAINT audit_entry_pkey")
        try:
            for statement in tampering.split(";"):
                superuser.execute(statement)
            flaw = (await verify_audit(engine)).flaw
        finally:
            superuser.execute("TRUNCATE audit_entry")
            superuser.execute("INSERT INTO audit_entry SELECT * FROM kept")
            superuser.execute("ALTER TABLE audit_entry ADD PRIMARY KEY (revision)")
            superuser.execute("UPDATE clock SET revision = 6")
            superuser.execute("DROP TABLE kept")
    assert flaw is not None
    assert TAMPERINGS[tampering] in flaw
    assert (await verify_audit(engine)).flaw is None


async def test_a_rewritten_trail_does_not_lead_through_a_known_entry(engine: AsyncEngine) -> None:
    end = (await verify_audit(engine)).end
    assert (await verify_audit(engine, known=end)).flaw is None
    other = ChainEnd(4, bytes(32))
    assert (
        await verify_audit(engine, known=other)
    ).flaw == "the audit entry of revision 4 is not the one that was noted down"
    later = await verify_audit(engine, known=ChainEnd(8, bytes(32)))
    assert later.flaw == "the audit entry of revision 7 is missing: one of 8 was noted down"


async def test_the_trail_is_listed_newest_first_in_pages(engine: AsyncEngine) -> None:
    seen, token = [], ""
    while True:
        page, token = await list_audit_entries(engine, question=AuditFilter(), size=4, token=token)
        seen += [linked.entry.revision for linked in page]
        if not token:
            break
    assert seen == [6, 5, 4, 3, 2, 1]


async def test_a_token_is_good_for_its_own_question(engine: AsyncEngine) -> None:
    _, token = await list_audit_entries(engine, question=AuditFilter(), size=1, token="")
    for other in (AuditFilter(action="suspend"), AuditFilter(before=5)):
        with pytest.raises(InvalidInput, match="page_token belongs to other filters: ask for the first page"):
            await list_audit_entries(engine, question=other, size=1, token=token)


@pytest.mark.parametrize("position", [[], ["x"], [1, 2], [None], [-1], [2**63], [{}]])
async def test_a_forged_token_is_refused(engine: AsyncEngine, position: list[Any]) -> None:
    asked = AuditFilter()
    with pytest.raises(InvalidInput, match="page_token"):
        await list_audit_entries(engine, question=asked, size=1, token=to_token(asked, position))


@pytest.mark.parametrize("token", ["x", "é", "bnVsbA==", "W10=", "e30=", "MQ=="])
async def test_an_invalid_token_is_refused(engine: AsyncEngine, token: str) -> None:
    with pytest.raises(InvalidInput, match="page_token"):
        await list_audit_entries(engine, question=AuditFilter(), size=1, token=token)


async def test_filters_let_through_what_they_say(engine: AsyncEngine) -> None:
    async def revisions(**filters: Any) -> list[int]:
        page, _ = await list_audit_entries(engine, question=AuditFilter(**filters), size=0, token="")
        return [linked.entry.revision for linked in page]

    everything, _ = await list_audit_entries(engine, question=AuditFilter(), size=0, token="")
    third = everything[3].entry
    assert await revisions(action="suspend") == [6, 4, 2]
    assert await revisions(company_id=third.company_id) == [4, 3]
    assert await revisions(company_id=third.company_id, action="create") == [3]
    assert await revisions(actor="owner@tenantry.example") == [6, 5, 4, 3, 2, 1]
    assert await revisions(actor="owner") == []
    assert await revisions(since=third.at) == [6, 5, 4, 3]
    assert await revisions(until=third.at) == [2, 1]
    assert await revisions(before=3, action="create") == [1]
    assert everything[0].entry.request_id == "r-1"


def test_the_command_tells_whether_the_trail_is_whole(environment: dict[str, str], world: World) -> None:
    assert '"entries": 6' in run_command("tenancy", "verify-audit", environment=environment)
    with psycopg.connect(world.superuser_dsn("tenancy"), autocommit=True) as superuser:
        superuser.execute("UPDATE audit_entry SET actor = 'x' WHERE revision = 1")
    with pytest.raises(RuntimeError, match="the audit entry of revision 1 was altered"):
        run_command("tenancy", "verify-audit", environment=environment)
