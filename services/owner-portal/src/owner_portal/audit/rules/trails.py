"""One log of three audit trails: tenancy's of companies, billing's of money, the portal's own."""

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
    """The service that keeps a trail; each has its own hash chain."""

    TENANCY = "tenancy"
    BILLING = "billing"
    PORTAL = "portal"

    @property
    def label(self) -> str:
        return {"portal": "The portal"}.get(self.value, self.value.capitalize())


@dataclass(frozen=True, slots=True)
class Entry:
    """One owner action; `revision` is its position in its chain.

    `subject`: the object of the action unless it is a company. `details`: pairs like ("State", "active → suspended").
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
    caller: str = ""  # the calling service, by certificate; empty in the own trail

    @property
    def title(self) -> str:
        """rotate_key → Rotate key."""
        return self.action.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class TrailQuestion:
    """Filters of entries; None matches everything. `since` is inclusive, `until` is not."""

    actor: str | None = None
    action: str | None = None
    company_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


Position = Mapping[Chain, int]
"""The position of a page: entries before this revision of each chain; a missing chain starts with its newest entry."""


@dataclass(frozen=True, slots=True)
class TrailPage:
    """Newest first; `following` is the position of the next page, None on the last one."""

    entries: Sequence[Entry]
    following: Position | None


def merge(found: Mapping[Chain, Sequence[Entry]], position: Position, *, size: int = PAGE_SIZE) -> TrailPage:
    """One page of all chains by time. `found`: up to `size` entries of each chain from `position` on, newest first.

    The order within a chain never changes, whatever the clocks say. A chain that did not respond is missing in `found`;
    its entries appear on later pages once it responds.
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
            following[chain] = each[0].revision + 1  # entries added later belong on no later page
        else:
            following[chain] = 1  # the same for a chain without entries
    return TrailPage(shown, following)


def write_position(position: Position) -> str:
    """Formats a position for a URL: tenancy.120,portal.3."""
    return ",".join(f"{chain}.{revision}" for chain, revision in position.items())


def read_position(text: str) -> Position:
    """Parses a position; invalid parts are ignored, so that old links still work."""
    found = (_POSITION.fullmatch(part) for part in text[:200].split(","))
    return {Chain(match[1]): int(match[2]) for match in found if match and match[1] in set(Chain)}
