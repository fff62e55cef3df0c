"""Plan versions."""

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.money.rules import Money
from billing.plans.rules import Plan

COLUMNS = """
    p.code, p.version, p.name, p.price_minor_units, p.price_currency, p.seats, p.storage_bytes,
    p.screenshot_retention_days
"""

_ON_OFFER = text(f"SELECT DISTINCT ON (p.code) {COLUMNS} FROM plan_version p ORDER BY p.code, p.version DESC")

_EVER = text(f"SELECT {COLUMNS} FROM plan_version p ORDER BY p.code, p.version DESC")

# Version 0 is the newest.
_FIND = text(f"""
    SELECT {COLUMNS} FROM plan_version p
    WHERE p.code = :code AND (:version = 0 OR p.version = :version)
    ORDER BY p.version DESC LIMIT 1
""")

_ADD = text("""
    INSERT INTO plan_version
        (code, version, name, price_minor_units, price_currency, seats, storage_bytes, screenshot_retention_days)
    VALUES (:code, :version, :name, :price, :currency, :seats, :storage_bytes, :retention_days)
""")


async def on_offer(tx: AsyncConnection) -> list[Plan]:
    """The newest version of each plan."""
    return [from_row(row) for row in await tx.execute(_ON_OFFER)]


async def ever(tx: AsyncConnection) -> list[Plan]:
    """All versions there ever were; those of one plan together, newest first."""
    return [from_row(row) for row in await tx.execute(_EVER)]


async def find(tx: AsyncConnection, code: str, version: int) -> Plan | None:
    """A version, or the newest one for version 0; None when there is none."""
    row = (await tx.execute(_FIND, {"code": code, "version": version})).one_or_none()
    return None if row is None else from_row(row)


async def add(tx: AsyncConnection, plan: Plan) -> None:
    """Puts a new version on offer. The caller holds the clock's lock and has numbered it."""
    values = {
        "code": plan.code,
        "version": plan.version,
        "name": plan.name,
        "price": plan.price_per_month.minor_units,
        "currency": plan.price_per_month.currency,
        "seats": plan.seats,
        "storage_bytes": plan.storage_bytes,
        "retention_days": plan.screenshot_retention_days,
    }
    await tx.execute(_ADD, values)


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
