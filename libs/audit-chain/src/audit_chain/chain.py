"""The audit chain: entries in order, and the end up to which they are verified."""

from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar

GENESIS = bytes(32)
"""The previous hash of the first entry."""


class BrokenChain(Exception):
    """The chain is broken. `message` names the first entry that is altered, replaced, missing or added."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Entry(Protocol):
    """An entry that can be part of a chain."""

    @property
    def revision(self) -> int:
        """The position in the chain; the first is 1."""

    def hash(self, previous: bytes) -> bytes:
        """Returns the hash over the whole content and the hash `previous` of the preceding entry."""


E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True)
class LinkedEntry(Generic[E]):
    """An entry as it is stored, with the previous hash and its own."""

    entry: E
    previous: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The last verified entry of a chain."""

    revision: int = 0
    hash: bytes = GENESIS

    def follow(self, linked: LinkedEntry[Any]) -> Self:
        """Returns the end after one more entry. Raises BrokenChain if the entry does not continue the chain.

        An entry that does not match its own hash was altered. An entry that does, but whose hash differs from the
        previous hash of its successor, was replaced completely.
        """
        revision = linked.entry.revision
        if revision <= self.revision:
            raise BrokenChain(f"the audit entry of revision {revision} was added: it belongs to no revision")
        if revision > self.revision + 1:
            raise BrokenChain(f"the audit entry of revision {self.revision + 1} is missing")
        if linked.entry.hash(linked.previous) != linked.hash:
            raise BrokenChain(f"the audit entry of revision {revision} was altered")
        if linked.previous != self.hash:
            broken = self.revision or revision  # the first entry has no predecessor
            raise BrokenChain(f"the audit entry of revision {broken} was replaced")
        return type(self)(revision, linked.hash)

    def check_passes(self, known: "ChainEnd") -> None:
        """Raises BrokenChain if this end is at the revision of a `known` entry but has another hash."""
        if self.revision == known.revision and self.hash != known.hash:
            raise BrokenChain(f"the audit entry of revision {self.revision} is not the one that was noted down")

    def check_complete(self, newest: int, known: "ChainEnd | None") -> None:
        """Raises BrokenChain if the chain does not end at the newest revision, or ends before a `known` entry."""
        if self.revision > newest:
            raise BrokenChain(f"the audit entry of revision {newest + 1} was added: the clock is at {newest}")
        if self.revision < newest:
            raise BrokenChain(f"the audit entry of revision {self.revision + 1} is missing: the clock is at {newest}")
        if known is not None and self.revision < known.revision:
            raise BrokenChain(
                f"the audit entry of revision {newest + 1} is missing: one of {known.revision} was noted down"
            )
