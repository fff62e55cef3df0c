"""The plans on offer, the retention of their screenshots, and its change by a new version."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.clients.actions import Action
from owner_portal.directory.store.companies import names_of
from owner_portal.freshness.rules import CachedAnswer, DataGap, gaps
from owner_portal.freshness.store import sources
from owner_portal.freshness.use_cases import Question, cached_answer
from owner_portal.plans import store
from owner_portal.plans.rules.plans import Kept, Moved, Plan, VersionPreview, newest_versions
from owner_portal.plans.rules.retention import Differing, PlanRetention, next_terms, retentions
from servicekit.errors import Conflict, NotFound

MAX_DIFFERING = 200
MAX_EFFECTS = 100
_PLANS = TypeAdapter(list[Plan])


class Catalogue(Protocol):
    """Plans of billing. Each call may raise Unavailable."""

    async def on_offer(self) -> list[Plan]:
        """The plans on offer, cheapest first."""

    async def versions(self) -> list[Plan]:
        """All versions of all plans."""

    async def preview_version(self, terms: Plan, *, limit: int) -> VersionPreview:
        """The companies that these terms would affect."""


@dataclass(frozen=True, slots=True)
class RetentionView:
    """The page. `differing` holds the first MAX_DIFFERING companies."""

    catalogue: CachedAnswer[list[Plan]]
    plans: Sequence[PlanRetention]
    differing: Sequence[Differing]
    gaps: Sequence[DataGap]


@dataclass(frozen=True, slots=True)
class RetentionPreview:
    """The effect of a new number of days. `terms` is the newest version with it; `names`: of affected companies."""

    newest: Plan
    terms: Plan
    effect: VersionPreview
    names: Mapping[UUID, str]


async def show_retention(engine: AsyncEngine, *, catalogue: Question[list[Plan]]) -> RetentionView:
    """Four statements and one call."""
    remembered = await cached_answer(engine, catalogue)
    versions = remembered.value or []
    days = {plan.code: plan.screenshot_retention_days for plan in newest_versions(versions)}
    async with engine.begin() as tx:
        counts = await store.count_by_terms(tx)
        differing = await store.list_differing(tx, days, limit=MAX_DIFFERING)
        states = await sources.list_states(tx)
    return RetentionView(remembered, retentions(versions, counts), differing, gaps(states, datetime.now(UTC)))


async def find_newest(catalogue: Catalogue, code: str) -> Plan:
    """The current version of a plan. NotFound."""
    found = {plan.code: plan for plan in newest_versions(await catalogue.versions())}
    if code not in found:
        raise NotFound("There is no such plan. Choose one from the list.")
    return found[code]


async def preview_retention(
    engine: AsyncEngine, *, catalogue: Catalogue, newest: Plan, terms: Plan
) -> RetentionPreview:
    """The effect on the companies of the plan if all of them had these terms."""
    effect = await catalogue.preview_version(terms, limit=MAX_EFFECTS)
    async with engine.begin() as tx:
        known = await names_of(tx, {each.company_id for each in effect.effects})
    return RetentionPreview(newest, terms, effect, known)


def plans_on_offer(catalogue: Catalogue) -> Question[list[Plan]]:
    """The plans on offer."""
    return Question("Billing", "plans on offer", catalogue.on_offer, _PLANS)


def plan_versions(catalogue: Catalogue) -> Question[list[Plan]]:
    """Every version of every plan."""
    return Question("Billing", "plan versions", catalogue.versions, _PLANS)


class EditableCatalogue(Catalogue, Protocol):
    """The catalogue with its changes."""

    async def create_version(self, terms: Plan, action: Action) -> Plan:
        """Creates the next version, on offer immediately. Conflict: the newest one has these terms."""

    async def move(self, code: str, version: int, action: Action, *, after: UUID | None) -> Moved:
        """Moves a batch of companies to the version."""


@dataclass(frozen=True, slots=True)
class RetentionChange:
    """The current version, the number of companies moved to it, and those that keep theirs because of their usage."""

    plan: Plan
    moved: int
    kept: Sequence[Kept]


async def change_retention(
    catalogue: EditableCatalogue, *, code: str, days: int, seen: int, move: bool, action: Action
) -> RetentionChange:
    """`seen`: the version that the owner saw. Repeated with the same action, it continues where it was interrupted.

    Conflict: there is a newer version, or nothing would change. NotFound. Unavailable.
    """
    newest = await find_newest(catalogue, code)
    terms = next_terms(newest, days, seen=seen)
    plan = newest if terms == newest else await catalogue.create_version(terms, _part(action, "version"))
    if not move:
        if newest.version == seen and plan == newest:
            raise Conflict(f"{newest.name} already keeps screenshots for {days} days.")
        return RetentionChange(plan, 0, ())
    moved, kept = 0, list[Kept]()
    after: UUID | None = None
    while True:
        stretch = await catalogue.move(code, plan.version, _part(action, f"move {after or ''}"), after=after)
        moved += len(stretch.companies)
        kept += stretch.kept
        after = stretch.following
        if after is None:
            return RetentionChange(plan, moved, kept)


def _part(action: Action, name: str) -> Action:
    """Gives each call an idempotency key of its own, short enough for billing."""
    return replace(action, idempotency_key=hashlib.sha256(f"{action.idempotency_key} {name}".encode()).hexdigest())
