"""Searching companies on PostgreSQL."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import InvalidInput
from servicekit.ids import new_id
from tenancy.actions.rules.action import Action
from tenancy.audit.rules.page_token import to_token
from tenancy.companies.rules.company import Company, CompanyState
from tenancy.companies.rules.listing import Question, Sort
from tenancy.companies.use_cases.batch_get_companies import batch_get_companies
from tenancy.companies.use_cases.list_companies import CompanyPage, list_companies
from tenancy.events.messages.events import encode
from tenancy.lifecycle.use_cases.suspend_company import suspend_company
from tenancy.sync.rules.sync import SyncTime
from tenancy.sync.use_cases.report_sync import report_sync

Create = Callable[[str], Awaitable[tuple[Company, str]]]

OWNER = Action("owner@tenantry.example", "test")
NOW = datetime.now(UTC)
MANY = 10_000

FILL = text("""
    INSERT INTO company (id, name, name_key, name_order, email, contact_person, phone, address, time_zone, search_text,
        state, created_at, revision)
    SELECT gen_random_uuid(), 'Filler ' || n, 'filler ' || n, convert_to('filler ' || n, 'UTF8'), 'x', '', '', '',
        'UTC', 'filler ' || n, 'active', now(), -n
    FROM generate_series(1, :many) n
""")


def question(**changes: Any) -> Question:
    return Question.checked(**({"search": "", "states": set(), "sort": Sort.NAME, "descending": False} | changes))


@pytest.fixture(scope="module")
async def companies(engine: AsyncEngine, create: Create) -> dict[str, Company]:
    """Seven, three of which have synced; their names sort as they stand here."""
    names = ["100% Öl", "acme", "ACME Ltd", "Beta_1", "BetaX1", "Straße", "Zebra"]
    created = {name: (await create(name))[0] for name in reversed(names)}
    for hours, name in enumerate(("Zebra", "acme", "Beta_1")):
        await report_sync(engine, times=[SyncTime(created[name].id, NOW - timedelta(hours=hours))])
    await suspend_company(engine, encode=encode, action=OWNER, company_id=created["Straße"].id)
    return {name: created[name] for name in names}


async def names(engine: AsyncEngine, size: int = 0, **changes: Any) -> list[str]:
    """All that is found, page by page."""
    asked, found, token = question(**changes), [], ""
    while True:
        page = await list_companies(engine, question=asked, size=size, token=token)
        found += [company.details.name for company in page.companies]
        token = page.next_token
        if not token:
            assert page.total == len(found)
            return found
        assert len(page.companies) == size


BY_SYNC = ["Beta_1", "acme", "Zebra"]
NEVER = ["100% Öl", "ACME Ltd", "BetaX1", "Straße"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 200])
async def test_pages_lead_through_every_order_both_ways(
    engine: AsyncEngine, companies: dict[str, Company], size: int
) -> None:
    assert await names(engine, size) == list(companies)
    assert await names(engine, size, descending=True) == list(companies)[::-1]
    assert await names(engine, size, sort=Sort.CREATED_AT) == list(companies)[::-1]
    assert await names(engine, size, sort=Sort.CREATED_AT, descending=True) == list(companies)
    by_sync = await names(engine, size, sort=Sort.LAST_SYNC_AT)
    assert (set(by_sync[:4]), by_sync[4:]) == (set(NEVER), BY_SYNC)
    assert await names(engine, size, sort=Sort.LAST_SYNC_AT, descending=True) == by_sync[::-1]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("BETA", ["Beta_1", "BetaX1"]),
        ("  LTD ", ["ACME Ltd"]),
        ("STRASSE", ["Straße"]),
        ("%", ["100% Öl"]),
        ("a_1", ["Beta_1"]),
        ("\\", []),
        ("ö", ["100% Öl"]),
        ("nobody", []),
        ("it@acme.EXAMPLE", ["100% Öl", "acme", "ACME Ltd", "Beta_1", "BetaX1", "Straße", "Zebra"]),
        ("zebra it", []),
    ],
)
@pytest.mark.usefixtures("companies")
async def test_a_search_finds_parts_of_names_whatever_their_case(
    engine: AsyncEngine, search: str, found: list[str]
) -> None:
    assert await names(engine, 2, search=search) == found


@pytest.mark.usefixtures("companies")
async def test_states_filter(engine: AsyncEngine) -> None:
    assert await names(engine, states={CompanyState.SUSPENDED}) == ["Straße"]
    assert await names(engine, states={CompanyState.CLOSED}) == []
    assert len(await names(engine, states={CompanyState.ACTIVE, CompanyState.SUSPENDED})) == 7
    assert await names(engine, states={CompanyState.ACTIVE}, search="zeb") == ["Zebra"]


@pytest.mark.usefixtures("companies")
async def test_a_company_that_syncs_meanwhile_does_not_drag_the_page_along(engine: AsyncEngine) -> None:
    asked = question(sort=Sort.LAST_SYNC_AT, descending=True)
    first = await list_companies(engine, question=asked, size=2, token="")
    (last,) = first.companies[1:]
    await report_sync(engine, times=[SyncTime(last.id, datetime.now(UTC))])
    second = await list_companies(engine, question=asked, size=2, token=first.next_token)
    assert second.companies[0].details.name == "Beta_1"


@pytest.mark.usefixtures("companies")
async def test_a_token_is_good_for_its_own_question(engine: AsyncEngine) -> None:
    token = (await list_companies(engine, question=question(), size=1, token="")).next_token
    for other in (question(descending=True), question(search="a"), question(sort=Sort.CREATED_AT)):
        with pytest.raises(InvalidInput, match="page_token is of another question: ask for its first page"):
            await list_companies(engine, question=other, size=1, token=token)


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize(
    "position",
    [
        [],
        ["x"],
        [1, 2],
        ["x", "y"],
        [None, "x"],
        ["a\x00b", str(new_id())],
        ["\ud800", str(new_id())],
        [{}, []],
    ],
)
async def test_a_token_that_nobody_was_given_is_refused(engine: AsyncEngine, sort: Sort, position: list[Any]) -> None:
    asked = question(sort=sort)
    with pytest.raises(InvalidInput, match="page_token"):
        await list_companies(engine, question=asked, size=1, token=to_token(asked, position))


@pytest.mark.parametrize("token", ["x", "é", "bnVsbA==", "W10=", "e30=", "MQ=="])
async def test_what_is_no_token_is_refused(engine: AsyncEngine, token: str) -> None:
    with pytest.raises(InvalidInput, match="page_token"):
        await list_companies(engine, question=question(), size=1, token=token)


async def test_a_batch_keeps_its_order_and_leaves_out_what_is_unknown(
    engine: AsyncEngine, companies: dict[str, Company]
) -> None:
    zebra, acme = companies["Zebra"].id, companies["acme"].id
    found = await batch_get_companies(engine, company_ids=[zebra, new_id(), acme, zebra])
    assert [company.id for company in found] == [zebra, acme]
    assert await batch_get_companies(engine, company_ids=[]) == []
    with pytest.raises(InvalidInput, match="company_ids has 1001 entries: ask for at most 1000 at once"):
        await batch_get_companies(engine, company_ids=[zebra] * 1_001)


@contextmanager
def counted(engine: AsyncEngine) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", count)
    try:
        yield statements
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", count)


@pytest.mark.usefixtures("companies")
async def test_a_page_of_ten_thousand_companies_costs_two_statements(engine: AsyncEngine) -> None:
    async with engine.begin() as tx:
        await tx.execute(FILL, {"many": MANY})

    async def ask(token: str, **changes: Any) -> CompanyPage:
        with counted(engine) as statements:
            page = await list_companies(engine, question=question(**changes), size=200, token=token)
        assert len(statements) == 2
        return page

    for sort in Sort:
        for descending in (False, True):
            for changes in ({}, {"search": "filler 12"}, {"states": {CompanyState.ACTIVE}}):
                asked = {"sort": sort, "descending": descending} | changes
                first = await ask("", **asked)
                second = await ask(first.next_token, **asked) if first.next_token else first
                assert len(first.companies) == 200 or first.total < 200
                assert first.total == second.total
    with counted(engine) as statements:
        await batch_get_companies(engine, company_ids=[new_id() for _ in range(1_000)])
    assert len(statements) == 1
