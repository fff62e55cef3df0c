"""How much is asked at once: pages of changes, batches of names."""

from dataclasses import dataclass
from typing import Self

from servicekit.errors import InvalidInput, Refused

MOST_CHANGES = 1_000
MOST_AT_ONCE = 1_000
HIGHEST_REVISION = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """Changes after a revision, oldest first, at most `limit`."""

    after_revision: int
    limit: int

    @classmethod
    def checked(cls, *, after_revision: int, limit: int) -> Self:
        """A limit of 0, or one that is too high, becomes the highest."""
        if not 0 <= after_revision <= HIGHEST_REVISION:
            raise InvalidInput("after_revision is out of range: give the revision of the last answer, or 0")
        return cls(after_revision, min(limit or MOST_CHANGES, MOST_CHANGES))

    def check_known(self, newest: int) -> None:
        """Refused when nothing here is as new: an empty answer would confirm a copy from before a restored backup."""
        if self.after_revision > newest:
            raise Refused(f"the newest revision is {newest}: drop your copy and ask again after revision 0")


def check_batch(count: int, what: str) -> None:
    """InvalidInput when `what` has more entries than are taken at once."""
    if count > MOST_AT_ONCE:
        raise InvalidInput(f"{what} has {count} entries: ask for at most {MOST_AT_ONCE} at once")
