"""Tracking policies and their versions."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import InvalidInput
from tenancy.access.use_cases import list_access_changes
from tenancy.actions.rules import Action
from tenancy.actions.use_cases import OwnerRequest
from tenancy.companies.rules.company import Company
from tenancy.companies.use_cases import find_company
from tenancy.db.rules import ChangePage
from tenancy.events.messages import encode
from tenancy.policies.rules import DEFAULT_POLICY, TrackingPolicy
from tenancy.policies.use_cases import get_tracking_policy, set_tracking_policy

Create = Callable[[str], Awaitable[tuple[Company, str]]]

OWNER = OwnerRequest(Action("owner@tenantry.example", "asked"))
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = int(NOW.timestamp())
STRICT = TrackingPolicy(
    screenshots_enabled=False,
    screenshot_interval_seconds=30,
    website_tracking_enabled=False,
    app_tracking_enabled=False,
    idle_detection_enabled=False,
    idle_threshold_seconds=86_400,
)


async def get_company(engine: AsyncEngine, *, company_id: UUID) -> Company:
    async with engine.begin() as tx:
        return await find_company(tx, company_id)


def test_versions_are_seconds_and_always_grow() -> None:
    first = STRICT.in_force(NOW)
    assert first.version == SECOND
    assert STRICT.in_force(NOW, after=first.version).version == SECOND + 1
    assert STRICT.in_force(NOW - timedelta(days=1), after=first.version).version == SECOND + 1
    assert STRICT.in_force(NOW + timedelta(seconds=5), after=first.version).version == SECOND + 5


@pytest.mark.parametrize("field", ["screenshot_interval_seconds", "idle_threshold_seconds"])
@pytest.mark.parametrize("seconds", [0, 29, 86_401])
def test_a_time_out_of_range_is_refused_by_its_name(field: str, seconds: int) -> None:
    fields = {name: getattr(STRICT, name) for name in STRICT.__slots__ if name != "version"}
    assert TrackingPolicy.checked(**fields) == STRICT
    with pytest.raises(InvalidInput, match=f"policy.{field} is {seconds}: give 30 to 86400 seconds"):
        TrackingPolicy.checked(**fields | {field: seconds})


async def version(engine: AsyncEngine, company_id: UUID) -> int:
    return (await get_tracking_policy(engine, company_id=company_id)).version


async def test_a_policy_reaches_the_gateways_with_a_version_that_grows(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Watched")
    before = await get_tracking_policy(engine, company_id=company.id)
    assert before == DEFAULT_POLICY.in_force(company.created_at)
    for _ in range(3):
        old = await version(engine, company.id)
        policy = await set_tracking_policy(
            engine, encode=encode, request=OWNER, company_id=company.id, policy=replace(STRICT, version=10**9)
        )
        assert policy == replace(STRICT, version=policy.version)
        assert policy.version > old
    revision = (await get_company(engine, company_id=company.id)).revision
    assert revision == company.revision + 3
    (access,) = await list_access_changes(engine, page=ChangePage(revision - 1, 1))
    assert access.policy == policy
    statement = "SELECT before, after FROM audit_entry WHERE company_id = :id AND revision = :revision"
    async with engine.begin() as tx:
        values = {"id": company.id, "revision": company.revision + 1}
        facts = (await tx.execute(text(statement), values)).one()
    assert facts.before["screenshots_enabled"] == "true"
    assert facts.after["screenshots_enabled"] == "false"
    assert facts.after["idle_threshold_seconds"] == "86400"
