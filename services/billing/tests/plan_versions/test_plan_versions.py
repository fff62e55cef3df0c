"""Plan versions: created, previewed, and companies moved to them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.use_cases import OwnerRequest
from billing.limits.rules import LimitViolation, ReportedUsage, UsageLevel
from billing.limits.use_cases import store_usage
from billing.money.rules import Money
from billing.plan_versions import use_cases as moving
from billing.plan_versions.use_cases import create_plan_version, move_subscriptions, preview_plan_version
from billing.plans.rules import Plan
from billing.plans.use_cases import list_plans
from billing.subscriptions.messages import encode
from billing.subscriptions.use_cases.company_events import start_trial
from billing.subscriptions.use_cases.lifecycle import renew_subscription
from billing.subscriptions.use_cases.queries import list_subscription_history
from servicekit.errors import NotFound, Refused
from servicekit.ids import new_id

Ask = Callable[..., OwnerRequest]

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=15)
TEAM = Plan("TEAM", 0, "Team", Money(3000, "USD"), 20, 10**10, 30)
DEARER = replace(TEAM, price_per_month=Money(4000, "USD"), seats=10)


async def create(engine: AsyncEngine, ask: Ask, terms: Plan) -> Plan:
    return await create_plan_version(engine, request=ask(), terms=terms)


async def test_companies_keep_their_version_until_they_are_moved(
    engine: AsyncEngine, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "PAGE_SIZE", 2)
    assert (await create(engine, ask, TEAM)).version == 1
    companies: dict[str, UUID] = {name: new_id() for name in ("pays", "also pays", "too large", "trial", "over")}
    for name, company in companies.items():
        start = NOW - timedelta(days=40 if name == "over" else 0)
        await start_trial(engine, encode, company_id=company, plan_code="TEAM", now=start)
        if name not in {"trial", "over"}:
            await renew_subscription(engine, encode, request=ask(), company_id=company, now=NOW)
    await store_usage(
        engine, levels=[ReportedUsage(companies["too large"], date(2026, 11, 20), 1, UsageLevel(seats=11))]
    )
    assert (await create(engine, ask, DEARER)).version == 2

    preview = await preview_plan_version(engine, terms=DEARER, now=LATER, after=None, limit=3)
    assert [effect.subscription.company_id for effect in preview.changing] == [
        companies["pays"],
        companies["also pays"],
        companies["trial"],
    ]
    assert (sum(each.revenue_after for each in preview.changing), len(preview.effects)) == (8000, 4)
    assert (len(preview.page), preview.more) == (3, True)

    moved: list[UUID] = []
    kept: list[tuple[UUID, Sequence[LimitViolation]]] = []
    last: UUID | None = None
    while True:
        page = await move_subscriptions(
            engine, encode, request=ask(), plan_code="TEAM", to_version=2, after=last, now=LATER
        )
        moved += page.company_ids
        kept += page.kept
        last = page.last
        if last is None:
            break
    assert moved == [companies["pays"], companies["also pays"], companies["trial"]]
    assert [(company, shortages[0].in_use) for company, shortages in kept] == [(companies["too large"], 11)]
    (newest, *_) = await list_subscription_history(engine, company_id=companies["pays"], before_revision=0, limit=1)
    assert (newest.subscription.plan.version, newest.subscription.monthly_revenue) == (2, 4000)
    rest = await preview_plan_version(engine, terms=DEARER, now=LATER, after=None, limit=10)
    assert [effect.subscription.company_id for effect in rest.effects] == [companies["too large"]]


async def test_all_versions_are_listed_newest_first(engine: AsyncEngine, ask: Ask) -> None:
    await create(engine, ask, replace(TEAM, code="SOLO", name="Solo"))
    await create(engine, ask, replace(DEARER, code="SOLO", name="Solo"))
    listed = [(plan.code, plan.version) for plan in await list_plans(engine, all_versions=True)]
    assert [version for code, version in listed if code == "SOLO"] == [2, 1]
    assert listed[0] == ("FREE", 1)
    assert ("SOLO", 1) not in [(plan.code, plan.version) for plan in await list_plans(engine)]


async def test_what_cannot_be(engine: AsyncEngine, ask: Ask) -> None:
    euro = replace(TEAM, code="EURO", price_per_month=Money(1, "EUR"))
    with pytest.raises(Refused, match="All plans are in USD"):
        await create(engine, ask, euro)
    with pytest.raises(Refused, match="All plans are in USD"):
        await preview_plan_version(engine, terms=euro, now=NOW, after=None, limit=1)
    for version in (0, 9):
        with pytest.raises(NotFound, match=f"no version {version} of PRO"):
            await move_subscriptions(
                engine, encode, request=ask(), plan_code="PRO", to_version=version, after=None, now=NOW
            )
