"""Verification of a whole trail, page by page."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from audit_chain.chain import BrokenChain, ChainEnd, LinkedEntry


@dataclass(frozen=True, slots=True)
class Verification:
    """The verified part of a trail. `flaw` describes its first broken entry; None if the trail is intact."""

    end: ChainEnd
    flaw: str | None = None


def verify(start: ChainEnd, entries: Iterable[LinkedEntry[Any]], known: ChainEnd | None = None) -> Verification:
    """Verifies that the entries continue the chain after `start` and contain the `known` entry."""
    end = start
    try:
        for linked in entries:
            following = end.follow(linked)
            if known is not None:
                following.check_passes(known)
            end = following
    except BrokenChain as broken:
        return Verification(end, broken.message)
    return Verification(end)


def conclude(verification: Verification, newest: int, known: ChainEnd | None = None) -> Verification:
    """Verifies that the chain ends at the `newest` revision and not before a `known` entry."""
    if verification.flaw is not None:
        return verification
    try:
        verification.end.check_complete(newest, known)
    except BrokenChain as broken:
        return Verification(verification.end, broken.message)
    return verification


async def verify_all(
    read_after: Callable[[int | None], Awaitable[Sequence[LinkedEntry[Any]]]],
    newest: int,
    known: ChainEnd | None = None,
) -> Verification:
    """Verifies a whole trail, which must end at the `newest` revision and contain the `known` entry.

    `read_after` returns a page of entries after a revision, oldest first, and an empty page at the end; None reads from
    the first row, regardless of its revision. A database superuser can write a new trail, but not one that contains a
    hash recorded elsewhere.
    """
    verification = Verification(ChainEnd())
    after: int | None = None
    while entries := await read_after(after):
        # In a thread, so that the event loop can serve other calls.
        verification = await asyncio.to_thread(verify, verification.end, entries, known)
        if verification.flaw is not None:
            return verification
        after = verification.end.revision
    return conclude(verification, newest, known)
