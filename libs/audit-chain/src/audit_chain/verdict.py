"""Following a whole trail, stretch by stretch."""

from collections.abc import Iterable
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
