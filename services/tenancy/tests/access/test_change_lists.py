"""Readers that follow the changes while others write."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import Refused
from tenancy.access.rules import Access
from tenancy.access.use_cases import list_access_changes
from tenancy.actions.rules import Action
from tenancy.actions.use_cases import OwnerRequest
from tenancy.companies.rules.company import Company
from tenancy.companies.use_cases import list_company_changes
from tenancy.db.rules import ChangePage
from tenancy.events.messages import encode
from tenancy.keys.rules.peppers import Peppers
from tenancy.keys.use_cases import rotate_key
from tenancy.lifecycle.use_cases import reactivate_company, suspend_company

Create = Callable[[str], Awaitable[tuple[Company, str]]]

OWNER = OwnerRequest(Action("owner@tenantry.example", "test"))
PEPPERS = Peppers.of(bytes(32))
WRITERS = 5
PAGE = 3  # small, so that pages and changes interleave


async def write(engine: AsyncEngine, create: Create, writer: int) -> None:
    """Two companies, each through its whole life."""
    for number in range(2):
        company, _ = await create(f"Company {writer}-{number}")
        await suspend_company(engine, encode=encode, request=OWNER, company_id=company.id)
        await rotate_key(engine, peppers=PEPPERS, encode=encode, request=OWNER, company_id=company.id)
        await reactivate_company(engine, encode=encode, request=OWNER, company_id=company.id)


async def refused(engine: AsyncEngine, company_id: UUID) -> None:
    """A transaction that takes a revision and gives it back."""
    with pytest.raises(Refused):
        await reactivate_company(engine, encode=encode, request=OWNER, company_id=company_id)


@dataclass
class Reader:
    """Keeps a copy as the portal and the gateways do: by asking after the last revision it was given."""

    ask: Callable[[ChangePage], Awaitable[Sequence[Company | Access]]]

    def __post_init__(self) -> None:
        self.copy: dict[UUID, Company | Access] = {}
        self.revision = 0

    async def poll(self) -> bool:
        """Whether there was anything new."""
        changes = await self.ask(ChangePage(self.revision, PAGE))
        revisions = [change.revision for change in changes]
        assert revisions == sorted(set(revisions))
        for change in changes:
            assert change.revision > self.revision
            self.copy[change.id if isinstance(change, Company) else change.company_id] = change
            self.revision = change.revision
        return bool(changes)

    async def follow(self, done: asyncio.Event) -> None:
        while not done.is_set():
            await self.poll()
        while await self.poll():
            pass


async def test_a_reader_misses_no_change_of_concurrent_writers(engine: AsyncEngine, create: Create) -> None:
    async def companies(page: ChangePage) -> Sequence[Company]:
        return await list_company_changes(engine, page=page)

    async def accesses(page: ChangePage) -> Sequence[Access]:
        return await list_access_changes(engine, page=page)

    async def write_all() -> None:
        try:
            bystander, _ = await create("Bystander")
            await asyncio.gather(
                *(write(engine, create, writer) for writer in range(WRITERS)),
                *(refused(engine, bystander.id) for _ in range(WRITERS)),
            )
        finally:
            done.set()

    done = asyncio.Event()
    readers = [Reader(companies), Reader(accesses)]
    await asyncio.gather(write_all(), *(reader.follow(done) for reader in readers))
    everything = ChangePage(0, 1_000)
    assert sorted(readers[0].copy.values(), key=lambda company: company.revision) == await companies(everything)
    assert sorted(readers[1].copy.values(), key=lambda access: access.revision) == await accesses(everything)
    assert len(readers[0].copy) == WRITERS * 2 + 1
    # One revision an action, none for the refused ones: creations 11, then three steps of ten companies.
    assert {reader.revision for reader in readers} == {41}


async def test_a_reader_that_is_up_to_date_gets_nothing(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Newest")
    assert await list_company_changes(engine, page=ChangePage(company.revision, 1_000)) == []
    assert await list_access_changes(engine, page=ChangePage(company.revision, 1_000)) == []


async def test_a_page_costs_two_statements(engine: AsyncEngine, create: Create) -> None:
    await create("Counted")
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", count)
    try:
        await list_company_changes(engine, page=ChangePage(0, 1_000))
        await list_access_changes(engine, page=ChangePage(0, 1_000))
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", count)
    assert len(statements) == 4  # each reads the clock first
