"""The retention policy of each plan, and whom another one would touch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.directory.rules.companies import Plan
from owner_portal.directory.store import names
from owner_portal.freshness.rules.remembered import Remembered
from owner_portal.freshness.rules.sources import Gap, gaps
from owner_portal.freshness.store import sources
from owner_portal.freshness.use_cases.with_memory import Question, with_memory
from owner_portal.plans import store as retention
from owner_portal.plans.rules.retention import Differing, PlanRetention, newest_versions, retentions
from owner_portal.plans.rules.versions import VersionPreview
from servicekit.errors import NotFound

MOST_DIFFERING = 200
MOST_EFFECTS = 100


class Catalogue(Protocol):
    """Plans as billing has them. Each call may raise Unavailable."""

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
        counts = await retention.count_by_terms(tx)
        differing = await retention.list_differing(tx, days, limit=MOST_DIFFERING)
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
        known = await names.names_of(tx, {each.company_id for each in effect.effects})
    return RetentionPreview(newest, terms, effect, known)
