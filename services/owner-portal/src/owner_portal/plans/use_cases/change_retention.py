"""Another number of days for a plan: a new version of it, and its companies moved there if that is wanted."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from owner_portal.clients.actions import Action
from owner_portal.directory.rules.companies import Plan
from owner_portal.plans.rules.retention import next_terms
from owner_portal.plans.rules.versions import Kept, Moved
from owner_portal.plans.use_cases.show_retention import Catalogue, find_newest
from servicekit.errors import Conflict


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
