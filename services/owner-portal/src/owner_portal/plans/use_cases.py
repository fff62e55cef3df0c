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
from owner_portal.freshness.rules import Gap, Remembered, gaps
from owner_portal.freshness.store import sources
from owner_portal.freshness.use_cases import Question, with_memory
from owner_portal.plans import store
from owner_portal.plans.rules.plans import Kept, Moved, Plan, VersionPreview, newest_versions
from owner_portal.plans.rules.retention import Differing, PlanRetention, next_terms, retentions
from servicekit.errors import Conflict, NotFound

MOST_DIFFERING = 200
MOST_EFFECTS = 100
_PLANS = TypeAdapter(list[Plan])


class Catalogue(Protocol):
    """Plans as billing has them. Each call may raise Unavailable."""

    async def on_offer(self) -> list[Plan]:
        """The plans on offer, cheapest first."""

    async def versions(self) -> list[Plan]:
        """Every version there ever was."""

    async def preview_version(self, terms: Plan, *, limit: int) -> VersionPreview:
        """Whom these terms would touch."""


@dataclass(frozen=True, slots=True)
class RetentionView:
    """The page. `differing` are the first MOST_DIFFERING of them."""

    catalogue: Remembered[list[Plan]]
    plans: Sequence[PlanRetention]
    differing: Sequence[Differing]
    gaps: Sequence[Gap]


@dataclass(frozen=True, slots=True)
class RetentionPreview:
    """What a new number of days would do. `terms` is the newest version with it; `names` of those it touches."""

    newest: Plan
    terms: Plan
    effect: VersionPreview
    names: Mapping[UUID, str]


async def show_retention(engine: AsyncEngine, *, catalogue: Question[list[Plan]]) -> RetentionView:
    """Four statements and one call."""
    remembered = await with_memory(engine, catalogue)
    versions = remembered.value or []
    days = {plan.code: plan.screenshot_retention_days for plan in newest_versions(versions)}
    async with engine.begin() as tx:
        counts = await store.count_by_terms(tx)
        differing = await store.list_differing(tx, days, limit=MOST_DIFFERING)
        states = await sources.list_states(tx)
    return RetentionView(remembered, retentions(versions, counts), differing, gaps(states, datetime.now(UTC)))


async def find_newest(catalogue: Catalogue, code: str) -> Plan:
    """The version of a plan that is on offer. NotFound."""
    found = {plan.code: plan for plan in newest_versions(await catalogue.versions())}
    if code not in found:
        raise NotFound("There is no plan with this name. Choose one of the list.")
    return found[code]


async def preview_retention(
    engine: AsyncEngine, *, catalogue: Catalogue, newest: Plan, terms: Plan
) -> RetentionPreview:
    """Whom it would touch if all companies of the plan had these terms."""
    effect = await catalogue.preview_version(terms, limit=MOST_EFFECTS)
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
    """The same with what changes it."""

    async def create_version(self, terms: Plan, action: Action) -> Plan:
        """The next version, on offer at once. Conflict: the newest one has these terms."""

    async def move(self, code: str, version: int, action: Action, *, after: UUID | None) -> Moved:
        """A stretch of companies gets that version."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The version on offer, how many companies were moved to it, and which keep theirs because they use more."""

    plan: Plan
    moved: int
    kept: Sequence[Kept]


async def change_retention(
    catalogue: EditableCatalogue, *, code: str, days: int, seen: int, move: bool, action: Action
) -> Changed:
    """`seen`: the version that the owner looked at. Repeated with the same action it goes on where it was interrupted.

    Conflict: there is a newer version, or nothing would change. NotFound. Unavailable.
    """
    newest = await find_newest(catalogue, code)
    terms = next_terms(newest, days, seen=seen)
    plan = newest if terms == newest else await catalogue.create_version(terms, _part(action, "version"))
    if not move:
        if newest.version == seen and plan == newest:
            raise Conflict(f"{newest.name} keeps screenshots for {days} days already.")
        return Changed(plan, 0, ())
    moved, kept = 0, list[Kept]()
    after: UUID | None = None
    while True:
        stretch = await catalogue.move(code, plan.version, _part(action, f"move {after or ''}"), after=after)
        moved += len(stretch.companies)
        kept += stretch.kept
        after = stretch.following
        if after is None:
            return Changed(plan, moved, kept)


def _part(action: Action, name: str) -> Action:
    """Each call needs a key of its own, and one that is no longer than billing takes, whatever the owner's is."""
    return replace(action, once=hashlib.sha256(f"{action.once} {name}".encode()).hexdigest())
