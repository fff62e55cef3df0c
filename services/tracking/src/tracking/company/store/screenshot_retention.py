"""Each company's screenshot retention, as it was last recorded."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.company.rules.screenshot_retention import Retention

_GET = text("SELECT days, next_days, shortened_at FROM screenshot_retention")

_ALL = text("SELECT company_id, days, next_days, shortened_at FROM screenshot_retention")

_PUT = text("""
    INSERT INTO screenshot_retention (company_id, days, next_days, shortened_at)
    VALUES (:company_id, :days, :next_days, :shortened_at)
    ON CONFLICT (company_id) DO UPDATE
    SET days = excluded.days, next_days = excluded.next_days, shortened_at = excluded.shortened_at,
        noted_at = excluded.noted_at
""")


def _retention(row: Row[Any]) -> Retention:
    return Retention(row.days, row.next_days, row.shortened_at)


async def get(tx: AsyncConnection) -> Retention | None:
    """The company's retention, if it was ever recorded."""
    row = (await tx.execute(_GET)).one_or_none()
    return _retention(row) if row else None


async def put(tx: AsyncConnection, company_id: UUID, retention: Retention) -> None:
    """Records the company's retention."""
    await tx.execute(_PUT, {"company_id": company_id} | asdict(retention))


async def of_all(dispatch: AsyncConnection) -> dict[UUID, Retention]:
    """Every recorded retention by company, read with the dispatch role."""
    return {row.company_id: _retention(row) for row in await dispatch.execute(_ALL)}
