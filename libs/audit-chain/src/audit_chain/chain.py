"""The chain itself: entries in their order, and how far they have been followed."""

from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar

GENESIS = bytes(32)
"""What the first entry is sealed with."""


class BrokenChain(Exception):
    """`message` names the first entry that is altered, replaced, missing or added."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Entry(Protocol):
    """What can be sealed."""

    @property
    def revision(self) -> int:
        """Its place in the chain; the first one is 1."""

    def hash(self, previous: bytes) -> bytes:
        """Its hash after the entry with the hash `previous`: over everything that it says."""


E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True)
class Sealed(Generic[E]):
    """An entry as it is stored: with the hash of the one before and its own."""

    entry: E
    previous: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """How far a chain has been followed without a flaw."""

    revision: int = 0
    hash: bytes = GENESIS

    def follow(self, sealed: Sealed[Any]) -> Self:
        """The end after one more entry; BrokenChain when it does not belong here.

        An entry that no longer fits its own hash was altered. One that does, but whose hash is not the one that the
        next entry was sealed with, was replaced as a whole.
        """
        revision = sealed.entry.revision
        if revision <= self.revision:
            raise BrokenChain(f"the audit entry of revision {revision} was added: it belongs to no revision")
        if revision > self.revision + 1:
            raise BrokenChain(f"the audit entry of revision {self.revision + 1} is missing")
        if sealed.entry.hash(sealed.previous) != sealed.hash:
            raise BrokenChain(f"the audit entry of revision {revision} was altered")
        if sealed.previous != self.hash:
            broken = self.revision or revision  # nothing precedes the first one
            raise BrokenChain(f"the audit entry of revision {broken} was replaced")
        return type(self)(revision, sealed.hash)

    def check_passes(self, known: "ChainEnd") -> None:
        """BrokenChain when this chain is at a known entry's revision with another hash."""
        if self.revision == known.revision and self.hash != known.hash:
            raise BrokenChain(f"the audit entry of revision {self.revision} is not the one that was noted down")

    def check_complete(self, newest: int, known: "ChainEnd | None") -> None:
        """BrokenChain when the chain does not end at the newest revision, or ends before a known entry."""
        if self.revision > newest:
            raise BrokenChain(f"the audit entry of revision {newest + 1} was added: the clock is at {newest}")
        if self.revision < newest:
            raise BrokenChain(f"the audit entry of revision {self.revision + 1} is missing: the clock is at {newest}")
        if known is not None and self.revision < known.revision:
            raise BrokenChain(
                f"the audit entry of revision {newest + 1} is missing: one of {known.revision} was noted down"
            )
