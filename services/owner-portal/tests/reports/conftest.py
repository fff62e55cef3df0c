"""Companies that tenancy and billing themselves tell of, and what a page costs."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.clients import channels as naming
from owner_portal.clients.actions import Action
from owner_portal.companies.rules.drafts import CompanyDraft
from owner_portal.directory.worker import DirectoryFeed
from owner_portal.web.portal import Portal
from servicekit import rpc_client
from servicekit.database import create_engine
from servicekit.errors import Unavailable
from servicekit.ids import new_id

Customer = Callable[..., Awaitable[UUID]]
Eventually = Callable[[Callable[[], Awaitable[object]]], Awaitable[None]]
Run = Callable[..., AbstractAsyncContextManager[None]]


@dataclass
class Cost:
    """What was asked of the portal's database and of other services since the last `reset`."""

    statements: int = 0
    calls: int = 0

    def reset(self) -> None:
        self.statements = self.calls = 0


@pytest.fixture
def cost(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cost]:
    """Counts; every call and every statement is carried out all the same."""
    counted = Cost()

    def statement(*_: object) -> None:
        counted.statements += 1

    async def call(method: Any, request: Any, **options: Any) -> Any:
        of_a_feed = type(request).__name__.endswith(("ChangesRequest", "TimesRequest"))
        counted.calls += not of_a_feed
        return await rpc_client.call(method, request, **options)

    monkeypatch.setattr(naming, "call", call)
    event.listen(engine.sync_engine, "before_cursor_execute", statement)
    yield counted
    event.remove(engine.sync_engine, "before_cursor_execute", statement)


@pytest.fixture(scope="module")
async def customer(
    environment: dict[str, str],
    portal: Portal,
    services: None,  # noqa: ARG001 - they run first
    run: Run,
    eventually: Eventually,
) -> AsyncIterator[Customer]:
    """`await customer("Acme Ltd")` makes a company whose trial of PRO the portal knows; its directory is followed."""
    own = create_engine(environment["PORTAL_DATABASE_URL"], name="directory")  # what it asks is no page's cost
    feed = DirectoryFeed(own, portal.tenancy, portal.billing, portal.live)

    async def make(name: str, plan: str = "PRO") -> UUID:
        draft = CompanyDraft(name, "office@customer.example", "", "", "", "UTC", plan)
        action = Action("owner@tenantry.example", "a new customer", str(new_id()))
        company, _ = await portal.tenancy.create(draft, action)
        await eventually(lambda: _has_plan(portal.engine, company.company_id))
        return company.company_id

    await eventually(lambda: _answers(portal))
    async with run(feed.follow_companies(), feed.follow_subscriptions()):
        yield make
    await own.dispose()


async def _answers(portal: Portal) -> bool:
    try:
        await portal.tenancy.list_changes(0)
        return bool(await portal.billing.list_plans())
    except Unavailable:
        return False


async def _has_plan(engine: AsyncEngine, company_id: UUID) -> bool:
    statement = text("SELECT 1 FROM directory WHERE company_id = :id AND plan_code IS NOT NULL")
    async with engine.begin() as tx:
        return (await tx.execute(statement, {"id": company_id})).scalar_one_or_none() is not None
