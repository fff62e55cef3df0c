"""What all lists that come in pages have in common."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from servicekit.errors import InvalidInput
from tracking.workspace.rules.paging import Page, Position, read_position, write_position

Row = TypeVar("Row")
NO_PAGE = "There is no such page of the list; begin at its first page"


def position_of(after: str, *, may_be_open: bool = False) -> Position | None:
    """Where a page begins; None: at the newest. InvalidInput: the address was not written here.

    `may_be_open`: the list has rows without a moment, which come first, as tasks that are not done.
    """
    try:
        position = read_position(after)
    except ValueError:
        raise InvalidInput(NO_PAGE) from None
    if position is not None and position.moment is None and not may_be_open:
        raise InvalidInput(NO_PAGE)
    return position


def page_of(found: Sequence[Row], size: int, place: Callable[[Row], Position]) -> Page[Row]:
    """The first `size` rows of those that were found with one more than that."""
    rows = list(found[:size])
    return Page(rows, write_position(place(rows[-1])) if len(found) > size else "")
