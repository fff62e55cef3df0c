"""What all lists that come in pages have in common."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from servicekit.errors import InvalidInput
from tracking.domain.paging import Page, Position, read_position, write_position

Row = TypeVar("Row")


def position_of(after: str) -> Position | None:
    """Where a page begins; None: at the newest. InvalidInput: the address was not written here."""
    try:
        return read_position(after)
    except ValueError:
        raise InvalidInput("There is no such page of the list; begin at its first page") from None


def page_of(found: Sequence[Row], size: int, place: Callable[[Row], Position]) -> Page[Row]:
    """The first `size` rows of those that were found with one more than that."""
    rows = list(found[:size])
    return Page(rows, write_position(place(rows[-1])) if len(found) > size else "")
