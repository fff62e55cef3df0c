"""The table of companies: search, filters, order and columns, as in its URL."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self
from urllib.parse import urlencode

from owner_portal.directory.rules import Status

MAX_SEARCH = 200  # characters
PATH = "/owner/dashboard/"
PAGE_SIZE = 50
UNSYNCED = "UNSYNCED"  # an additional filter: not synced for a day
CHOICES = (*(status.value for status in Status), UNSYNCED)


class Column(StrEnum):
    """Columns of the table; all are sortable, all except the name can be hidden."""

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
        """Texts sort ascending first, numbers and times descending."""
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
        """Reads a URL's query. Invalid parts are ignored, so that an old bookmark still works."""
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
        """Whether it is filtered."""
        return bool(self.search or self.choice or self.plan)

    def query(self) -> list[tuple[str, str]]:
        """The query parameters that differ from the default."""
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
        """The URL of this view."""
        query = urlencode(self.query())
        return f"{path}?{query}" if query else path

    def at_page(self, page: int) -> Self:
        """The same view, another page."""
        return replace(self, page=page)

    def showing(self, choice: str) -> Self:
        """The same view filtered by this status; empty: all."""
        return replace(self, choice=choice, page=1)

    def sorted_by(self, sort: Column) -> Self:
        """The view after a click on a column's head; a second click reverses the order."""
        if sort is self.sort:
            return replace(self, descending=not self.descending, page=1)
        return replace(self, sort=sort, descending=not sort.is_text, page=1)

    def everything(self) -> Self:
        """The same columns and order without filters."""
        return replace(self, search="", choice="", plan="", page=1)


def _text(given: str) -> str:
    return given.strip()[:MAX_SEARCH].replace("\0", "")
