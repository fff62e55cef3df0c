"""The effect of renewing comes from billing's last answer: it is free only during a charged period."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.directory.rules import Status, Subscription
from owner_portal.freshness.store import cached_answers
from owner_portal.plans.rules.plans import Money
from owner_portal.subscriptions.rules.subscriptions import CurrentSubscription, SubscriptionRecord, UsageLevels
from servicekit.ids import new_id
from testkit.pages import Page

NOW = datetime.now(UTC)
END = NOW + timedelta(days=9)
CANCELLED = Subscription(
    company_id=new_id(),
    plan_code="PRO",
    plan_version=1,
    state=Status.CANCELLED,
    started_at=NOW - timedelta(days=40),
    expires_at=END,
    charged_until=END - timedelta(days=3),
    price_minor_units=9900,
    monthly_revenue_minor_units=0,
    currency="USD",
    seats=50,
    storage_bytes=10**11,
    screenshot_retention_days=30,
    revision=1,
)


@pytest.mark.parametrize(("now", "goes_on"), [(NOW, True), (END - timedelta(seconds=1), True), (END, False)])
def test_a_charged_period_goes_on_until_it_ends(now: datetime, goes_on: bool) -> None:
    assert CANCELLED.goes_on(now) == goes_on, "free days at its end are of it"
    assert not replace(CANCELLED, charged_until=None).goes_on(now), "what was free is charged now"


@pytest.mark.parametrize(
    ("subscription", "said"),
    [
        (CANCELLED, "The cancellation is withdrawn: its period ends on "),
        (replace(CANCELLED, state=Status.PAST_DUE), "The subscription is active again: its period ends on "),
        (replace(CANCELLED, expires_at=NOW), "A billed month of PRO at "),
        (replace(CANCELLED, charged_until=None), "A billed month of PRO at "),
    ],
)
async def test_the_page_says_what_is_charged(
    owner: Any, model: Any, engine: AsyncEngine, subscription: Subscription, said: str
) -> None:
    company = await model.company(f"Renewing {subscription.state} {subscription.expires_at.isoformat()}")
    record = SubscriptionRecord(subscription, "CANCELLED", NOW, None, "owner@tenantry.example", "they leave")
    standing = (
        TypeAdapter(CurrentSubscription)
        .dump_json(CurrentSubscription(record, UsageLevels(1, 1), Money(0, "USD")))
        .decode()
    )
    async with engine.begin() as tx:
        await cached_answers.settle(tx, answered={f"{company} standing": standing}, unanswered=())
    page = Page((await owner.browser.get(f"/owner/company/{company}/renew/")).text)
    assert said in page.text
    assert ("Nothing is charged now." in page.text) == (not said.startswith("A billed month"))
