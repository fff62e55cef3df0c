"""Verification of a whole trail, page by page."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from audit_chain.chain import BrokenChain, ChainEnd, Sealed


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verified part of a trail. `flaw` describes its first broken entry; None if the trail is intact."""

    end: ChainEnd
    flaw: str | None = None


def follow(start: ChainEnd, entries: Iterable[Sealed[Any]], known: ChainEnd | None = None) -> Verdict:
    """Verifies that the entries continue the chain after `start` and contain the `known` entry."""
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
    """Verifies that the chain ends at the `newest` revision and not before a `known` entry."""
    if verdict.flaw is not None:
        return verdict
    try:
        verdict.end.check_complete(newest, known)
    except BrokenChain as broken:
        return Verdict(verdict.end, broken.message)
    return verdict


async def follow_all(
    read_after: Callable[[int | None], Awaitable[Sequence[Sealed[Any]]]],
    newest: int,
    known: ChainEnd | None = None,
) -> Verdict:
    """Verifies a whole trail, which must end at the `newest` revision and contain the `known` entry.

    `read_after` returns a page of entries after a revision, oldest first, and an empty page at the end; None reads from
    the first row, regardless of its revision. A database superuser can write a new trail, but not one that contains a
    hash recorded elsewhere.
    """
    verdict = Verdict(ChainEnd())
    after: int | None = None
    while entries := await read_after(after):
        # In a thread, so that the event loop can serve other calls.
        verdict = await asyncio.to_thread(follow, verdict.end, entries, known)
        if verdict.flaw is not None:
            return verdict
        after = verdict.end.revision
    return conclude(verdict, newest, known)
