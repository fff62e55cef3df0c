"""Plan versions."""

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.domain.money import Money
from billing.domain.plan import Plan

COLUMNS = """
    p.code, p.version, p.name, p.price_minor_units, p.price_currency, p.seats, p.storage_bytes,
    p.screenshot_retention_days
"""

_ON_OFFER = text(f"SELECT DISTINCT ON (p.code) {COLUMNS} FROM plan_version p ORDER BY p.code, p.version DESC")


async def on_offer(tx: AsyncConnection) -> list[Plan]:
    """The newest version of each plan."""
    return [from_row(row) for row in await tx.execute(_ON_OFFER)]


def from_row(row: Row[tuple[object, ...]]) -> Plan:
    """The plan in a row that has all of COLUMNS."""
    return Plan(
        code=row.code,
        version=row.version,
        name=row.name,
        price_per_month=Money(row.price_minor_units, row.price_currency),
        seats=row.seats,
        storage_bytes=row.storage_bytes,
        screenshot_retention_days=row.screenshot_retention_days,
    )
