"""Which companies the dashboard lists, in which order: everything that stands in its URL."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self
from urllib.parse import urlencode

from owner_portal.domain.companies import Status

PAGE_SIZE = 50
UNSYNCED = "UNSYNCED"  # a choice beside the statuses: not synced for a day
CHOICES = (*(status.value for status in Status), UNSYNCED)


class Sort(StrEnum):
    """Columns by which the table can be sorted."""

    NAME = "name"
    PLAN = "plan"
    STATUS = "status"
    SEATS = "seats"
    MINUTES = "minutes"
    SCREENSHOTS = "screenshots"
    STORAGE = "storage"
    SYNC = "sync"


@dataclass(frozen=True, slots=True)
class Listing:
    """One view of the table. `choice` is a Status, UNSYNCED or empty; `page` counts from 1."""

    search: str = ""
    choice: str = ""
    sort: Sort = Sort.NAME
    descending: bool = False
    page: int = 1

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        """Takes a URL's query. What makes no sense there is left out: an old bookmark still shows something."""
        choice, sort, page = query.get("status", ""), query.get("sort", ""), query.get("page", "")
        return cls(
            search=query.get("q", "").strip()[:200].replace("\0", ""),
            choice=choice if choice in CHOICES else "",
            sort=Sort(sort) if sort in set(Sort) else Sort.NAME,
            descending=query.get("dir") == "desc",
            page=int(page) if page.isascii() and page.isdigit() and int(page[:7]) else 1,
        )

    @property
    def offset(self) -> int:
        return (self.page - 1) * PAGE_SIZE

    def url(self) -> str:
        """The address of this view; only what differs from the plain one stands in it."""
        query: dict[str, str | int] = {}
        if self.search:
            query["q"] = self.search
        if self.choice:
            query["status"] = self.choice
        if self.sort is not Sort.NAME:
            query["sort"] = self.sort.value
        if self.descending:
            query["dir"] = "desc"
        if self.page > 1:
            query["page"] = self.page
        return "/owner/dashboard/" + (f"?{urlencode(query)}" if query else "")

    def at_page(self, page: int) -> Self:
        """The same view, another page."""
        return replace(self, page=page)

    def showing(self, choice: str) -> Self:
        """The same view of companies with that status alone; an empty choice shows all."""
        return replace(self, choice=choice, page=1)

    def sorted_by(self, sort: Sort) -> Self:
        """What a click on a column's head leads to: numbers start with the largest, a second click turns it round."""
        if sort is self.sort:
            return replace(self, descending=not self.descending, page=1)
        return replace(self, sort=sort, descending=sort not in {Sort.NAME, Sort.PLAN, Sort.STATUS}, page=1)
