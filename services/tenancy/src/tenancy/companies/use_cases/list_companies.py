"""Searching the companies, page by page."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.audit.rules.page_token import page_size
from tenancy.companies.rules.company import Company
from tenancy.companies.rules.listing import Position, Question
from tenancy.companies.store import listing


@dataclass(frozen=True, slots=True)
class CompanyPage:
    """Some of the companies that were asked for. `next_token` is empty after the last page."""

    companies: list[Company]
    next_token: str
    total: int


async def list_companies(engine: AsyncEngine, *, question: Question, size: int, token: str) -> CompanyPage:
    """The page that `token` leads to, at most `size` companies. InvalidInput when the token does not fit."""
    after = Position.read(question, token) if token else None
    limit = page_size(size)
    async with engine.begin() as tx:
        found = await listing.page(tx, question, after=after, limit=limit + 1)
        total = await listing.count(tx, question)
    page = found[:limit]
    more = len(found) > limit
    return CompanyPage(page, Position.of(page[-1], question.sort).write(question) if more else "", total)
