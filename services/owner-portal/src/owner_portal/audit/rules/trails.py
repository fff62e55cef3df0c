"""What owners did, told by three trails as one: tenancy's of companies, billing's of money, the portal's own."""

import heapq
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

PAGE_SIZE = 50

_POSITION = re.compile(r"([a-z]+)\.([1-9][0-9]{0,17})", re.ASCII)


class Chain(StrEnum):
    """Who keeps the trail; each is sealed by itself."""

    TENANCY = "tenancy"
    BILLING = "billing"
    PORTAL = "portal"

    @property
    def label(self) -> str:
        return {"portal": "The portal"}.get(self.value, self.value.capitalize())


@dataclass(frozen=True, slots=True)
class Entry:
    """One owner action; `revision` is its place in its chain.

    `subject`: what was acted on when that is no company. `details` are pairs such as ("State", "active → suspended").
    """

    chain: Chain
    revision: int
    at: datetime
    actor: str
    action: str
    company_id: UUID | None
    subject: str
    reason: str
    request_id: str
    details: Sequence[tuple[str, str]]
    caller: str = ""  # the service that made the call, by its certificate; of the portal's own trail none

    @property
    def title(self) -> str:
        """rotate_key → Rotate key."""
        return self.action.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class TrailQuestion:
    """Which entries are asked for; what is None lets everything through. `since` is inclusive, `until` is not."""

    actor: str | None = None
    action: str | None = None
    company_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


Position = Mapping[Chain, int]
"""Where a page begins: entries before this revision of each chain; a chain that is not there begins with its newest."""


@dataclass(frozen=True, slots=True)
class TrailPage:
    """Newest first; `following` is where the next page begins, None after the last one."""

    entries: Sequence[Entry]
    following: Position | None


def merge(found: Mapping[Chain, Sequence[Entry]], position: Position, *, size: int = PAGE_SIZE) -> TrailPage:
    """One page of all chains by time. `found`: up to `size` entries of each chain from `position` on, newest first.

    A chain's own order is never changed, whatever its clock said. A chain that did not answer is left out of `found`:
    its entries follow once it does, on the page asked for then.
    """
    entries = list(heapq.merge(*found.values(), key=lambda entry: entry.at, reverse=True))
    shown = entries[:size]
    if len(entries) <= size and all(len(each) < size for each in found.values()):
        return TrailPage(shown, None)
    following = dict(position)
    for chain, each in found.items():
        taken = sum(entry.chain is chain for entry in shown)
        if taken:
            following[chain] = each[taken - 1].revision
        elif each:
            following[chain] = each[0].revision + 1  # what is added meanwhile belongs on no later page
        else:
            following[chain] = 1  # nor does anything of a chain that had nothing to show
    return TrailPage(shown, following)


def write_position(position: Position) -> str:
    """For a URL: tenancy.120,portal.3."""
    return ",".join(f"{chain}.{revision}" for chain, revision in position.items())


def read_position(text: str) -> Position:
    """The opposite; what cannot be read is left out, so that an old link still shows something."""
    found = (_POSITION.fullmatch(part) for part in text[:200].split(","))
    return {Chain(match[1]): int(match[2]) for match in found if match and match[1] in set(Chain)}
