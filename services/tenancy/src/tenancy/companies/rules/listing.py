"""Searching, filtering and sorting companies."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from tenancy.audit.rules import page_token
from tenancy.companies.rules.company import Company, CompanyState
from text_rules.lines import checked
from text_rules.search import search_key

SEARCH_LENGTH = 254


class Sort(StrEnum):
    """What companies are sorted by; among equals their ids decide."""

    NAME = "name"
    CREATED_AT = "created_at"
    LAST_SYNC_AT = "last_sync_at"


@dataclass(frozen=True, slots=True)
class Question:
    """What a listing is asked for. `search` is folded; no `states` means any."""

    search: str
    states: tuple[CompanyState, ...]
    sort: Sort
    descending: bool

    @classmethod
    def checked(cls, *, search: str, states: set[CompanyState], sort: Sort, descending: bool) -> Self:
        """InvalidInput when the search text cannot be in any name."""
        return cls(search_key(checked(search, "search", most=SEARCH_LENGTH)), tuple(sorted(states)), sort, descending)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ends: at a company with that value of what is sorted by.

    The value and not the company alone: a company that syncs between two pages must not drag the second one along.
    """

    value: bytes | datetime | None
    company_id: UUID

    @classmethod
    def of(cls, company: Company, sort: Sort) -> Self:
        """The position of a company."""
        match sort:
            case Sort.NAME:
                return cls(company.details.name_order, company.id)
            case Sort.CREATED_AT:
                return cls(company.created_at, company.id)
            case Sort.LAST_SYNC_AT:
                return cls(company.last_sync_at, company.id)

    @classmethod
    def read(cls, question: Question, token: str) -> Self:
        """The position in a page token. InvalidInput when it is none, or of another question."""
        try:
            value, company_id = page_token.from_token(question, token)
            return cls(_value(value, question.sort), UUID(company_id))
        except (ValueError, TypeError, AttributeError, OverflowError):
            raise page_token.refusal() from None

    def write(self, question: Question) -> str:
        """The page token of what follows."""
        return page_token.to_token(question, [_text(self.value), str(self.company_id)])


def _text(value: bytes | datetime | None) -> str | None:
    if value is None:
        return None
    return value.hex() if isinstance(value, bytes) else value.isoformat()


def _value(value: str | None, sort: Sort) -> bytes | datetime | None:
    """ValueError or TypeError when companies are never sorted by such a value."""
    if sort is Sort.LAST_SYNC_AT and value is None:
        return None
    if value is None:
        raise ValueError(value)
    return bytes.fromhex(value) if sort is Sort.NAME else _moment(value)


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC)
