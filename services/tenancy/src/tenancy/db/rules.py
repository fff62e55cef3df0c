"""Revisions and the change lists that are read by them."""

from dataclasses import dataclass
from typing import Self

from servicekit.errors import InvalidInput, Refused

MAX_CHANGES = 1_000
MAX_REVISION = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Changes after a revision, oldest first, at most `limit`."""

    after_revision: int
    limit: int

    @classmethod
    def checked(cls, *, after_revision: int, limit: int) -> Self:
        """A limit of 0, or one that is too high, becomes the highest."""
        if not 0 <= after_revision <= MAX_REVISION:
            raise InvalidInput("after_revision is out of range: give the revision of the last answer, or 0")
        return cls(after_revision, min(limit or MAX_CHANGES, MAX_CHANGES))

    def check_known(self, newest: int) -> None:
        """Refused when nothing here is as new: an empty answer would confirm a copy from before a restored backup."""
        if self.after_revision > newest:
            raise Refused(f"the newest revision is {newest}: drop your copy and ask again after revision 0")
