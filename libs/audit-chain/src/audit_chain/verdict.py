"""Following a whole trail, stretch by stretch."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from audit_chain.chain import BrokenChain, ChainEnd, Sealed


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far the trail is whole. `flaw` names its first broken entry; None when all of it is whole."""

    end: ChainEnd
    flaw: str | None = None


def follow(start: ChainEnd, entries: Iterable[Sealed[Any]], known: ChainEnd | None = None) -> Verdict:
    """As far as a stretch of the chain is whole and leads through the `known` entry."""
    end = start
    try:
        for sealed in entries:
            following = end.follow(sealed)
            if known is not None:
                following.check_passes(known)
            end = following
    except BrokenChain as broken:
        return Verdict(end, broken.message)
    return Verdict(end)


def conclude(verdict: Verdict, newest: int, known: ChainEnd | None = None) -> Verdict:
    """The verdict once nothing follows: the chain must end at the `newest` revision, not before a `known` entry."""
    if verdict.flaw is not None:
        return verdict
    try:
        verdict.end.check_complete(newest, known)
    except BrokenChain as broken:
        return Verdict(verdict.end, broken.message)
    return verdict


async def follow_all(
    stretch_after: Callable[[int | None], Awaitable[Sequence[Sealed[Any]]]],
    newest: int,
    known: ChainEnd | None = None,
) -> Verdict:
    """How far a whole trail is whole; it ends at the `newest` revision and must lead through the `known` entry.

    `stretch_after` returns the entries after a revision, oldest first, some at a time and none at the end; None asks
    from the very first row, whatever its revision. Whoever may do anything in a database can write a whole new trail,
    but not one that leads through a hash that was noted down elsewhere.
    """
    verdict = Verdict(ChainEnd())
    after: int | None = None
    while stretch := await stretch_after(after):
        # In a thread, so that other calls are answered meanwhile.
        verdict = await asyncio.to_thread(follow, verdict.end, stretch, known)
        if verdict.flaw is not None:
            return verdict
        after = verdict.end.revision
    return conclude(verdict, newest, known)
