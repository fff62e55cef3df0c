"""Pages of long lists continue after the last row of the previous page, whatever rows were added or removed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from servicekit.errors import InvalidInput

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
MAX_POSITION_LENGTH = 80
Row = TypeVar("Row")


class Position(NamedTuple):
    """A row's place in a list ordered by a moment, newest first, and by id. A moment of None comes first."""

    moment: datetime | None
    row_id: UUID


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows; `after` is where the next page begins, empty on the last."""

    rows: list[Row]
    after: str


def write_position(position: Position) -> str:
    """The position as addresses contain it."""
    moment = position.moment
    return f"{'-' if moment is None else (moment - _EPOCH) // _MICROSECOND}_{position.row_id.hex}"


def read_position(text: str) -> Position | None:
    """The position; None for an empty text. ValueError: it was not written here."""
    if not text:
        return None
    moment, _, row_id = text.partition("_")
    if len(text) > MAX_POSITION_LENGTH or not (moment == "-" or moment.removeprefix("-").isdecimal()):
        raise ValueError(text)
    try:
        return Position(None if moment == "-" else _EPOCH + int(moment) * _MICROSECOND, UUID(hex=row_id))
    except OverflowError:
        raise ValueError(text) from None


NO_PAGE = "There is no such page of the list; begin at its first page"


def position_of(after: str, *, may_be_open: bool = False) -> Position | None:
    """Where a page begins; None: at the newest. InvalidInput: the address was not written here.

    `may_be_open`: the list has rows without a moment, which come first, such as open tasks.
    """
    try:
        position = read_position(after)
    except ValueError:
        raise InvalidInput(NO_PAGE) from None
    if position is not None and position.moment is None and not may_be_open:
        raise InvalidInput(NO_PAGE)
    return position


def page_of(found: Sequence[Row], size: int, place: Callable[[Row], Position]) -> Page[Row]:
    """The first `size` rows; `found` has one more if there is another page."""
    rows = list(found[:size])
    return Page(rows, write_position(place(rows[-1])) if len(found) > size else "")
