"""Which companies the dashboard lists, in which order and columns: everything that stands in its URL."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self
from urllib.parse import urlencode

from owner_portal.directory.rules import Status

MAX_SEARCH = 200  # characters
PATH = "/owner/dashboard/"
PAGE_SIZE = 50
UNSYNCED = "UNSYNCED"  # a choice beside the statuses: not synced for a day
CHOICES = (*(status.value for status in Status), UNSYNCED)


class Column(StrEnum):
    """Columns of the table; each can be sorted by, and each but the name can be left out."""

    NAME = "name"
    EMAIL = "email"
    PLAN = "plan"
    STATUS = "status"
    SEATS = "seats"
    MINUTES = "minutes"
    SCREENSHOTS = "screenshots"
    STORAGE = "storage"
    SYNC = "sync"

    @property
    def is_text(self) -> bool:
        """Texts are sorted from A on first, numbers and moments from the largest on."""
        return self in {Column.NAME, Column.EMAIL, Column.PLAN, Column.STATUS}


CHOOSABLE = tuple(column for column in Column if column is not Column.NAME)


@dataclass(frozen=True, slots=True)
class Listing:
    """One view of the table.

    `choice` is a Status, UNSYNCED, or empty for all that are not closed; `plan` a plan's code or empty; `page` counts
    from 1; `columns` are those shown beside the name.
    """

    search: str = ""
    choice: str = ""
    plan: str = ""
    sort: Column = Column.NAME
    descending: bool = False
    page: int = 1
    columns: tuple[Column, ...] = CHOOSABLE

    @classmethod
    def read(cls, query: Iterable[tuple[str, str]]) -> Self:
        """Takes a URL's query. What makes no sense there is left out: an old bookmark still shows something."""
        pairs = list(query)
        given = dict(pairs)
        choice, sort, page = given.get("status", ""), given.get("sort", ""), given.get("page", "")
        chosen = {value for name, value in pairs if name == "column"}
        return cls(
            search=_text(given.get("q", "")),
            choice=choice if choice in CHOICES else "",
            plan=_text(given.get("plan", "")),
            sort=Column(sort) if sort in set(Column) else Column.NAME,
            descending=given.get("dir") == "desc",
            page=int(page) if page.isascii() and page.isdigit() and len(page) < 8 and int(page) else 1,
            columns=tuple(column for column in CHOOSABLE if column in chosen) or CHOOSABLE,
        )

    @property
    def offset(self) -> int:
        return (self.page - 1) * PAGE_SIZE

    @property
    def is_narrowed(self) -> bool:
        """Whether it leaves companies out that the plain view has."""
        return bool(self.search or self.choice or self.plan)

    def query(self) -> list[tuple[str, str]]:
        """What stands in the address: only what differs from the plain view."""
        pairs = {
            "q": self.search,
            "status": self.choice,
            "plan": self.plan,
            "sort": self.sort.value if self.sort is not Column.NAME else "",
            "dir": "desc" if self.descending else "",
            "page": str(self.page) if self.page > 1 else "",
        }
        columns = self.columns if self.columns != CHOOSABLE else ()
        return [pair for pair in pairs.items() if pair[1]] + [("column", column.value) for column in columns]

    def url(self, path: str = PATH) -> str:
        """The address of this view."""
        query = urlencode(self.query())
        return f"{path}?{query}" if query else path

    def at_page(self, page: int) -> Self:
        """The same view, another page."""
        return replace(self, page=page)

    def showing(self, choice: str) -> Self:
        """The same view of companies with that status alone; an empty choice shows all."""
        return replace(self, choice=choice, page=1)

    def sorted_by(self, sort: Column) -> Self:
        """What a click on a column's head leads to; a second click turns the order round."""
        if sort is self.sort:
            return replace(self, descending=not self.descending, page=1)
        return replace(self, sort=sort, descending=not sort.is_text, page=1)

    def everything(self) -> Self:
        """The same columns and order, nothing left out."""
        return replace(self, search="", choice="", plan="", page=1)


def _text(given: str) -> str:
    return given.strip()[:MAX_SEARCH].replace("\0", "")
