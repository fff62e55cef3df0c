"""Pages of change lists, which are read by revision."""

from dataclasses import dataclass
from typing import Self

from servicekit.errors import InvalidInput, Refused

MAX_CHANGES = 1_000
MAX_REVISION = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Up to `limit` changes after a revision, oldest first."""

    after_revision: int
    limit: int

    @classmethod
    def checked(cls, *, after_revision: int, limit: int) -> Self:
        """A limit of 0, or above the maximum, becomes the maximum. InvalidInput for an impossible revision."""
        if not 0 <= after_revision <= MAX_REVISION:
            raise InvalidInput(
                "after_revision is out of range: give the revision of the last response, or 0", field="after_revision"
            )
        return cls(after_revision, min(limit or MAX_CHANGES, MAX_CHANGES))

    def check_known(self, newest: int) -> None:
        """Refused for a revision above `newest`: an empty response would confirm a copy from before a restore."""
        if self.after_revision > newest:
            raise Refused(f"the newest revision is {newest}: drop your copy and ask again after revision 0")
