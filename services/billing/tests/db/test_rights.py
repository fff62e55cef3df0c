"""What the service's role may do to its own tables: history and plans are written once."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.money.rules import Money
from billing.plans.rules import Plan
from billing.plans.use_cases import list_plans

GB = 10**9


async def test_the_seeded_plans(engine: AsyncEngine) -> None:
    assert await list_plans(engine) == [
        Plan("FREE", 1, "Free", Money(0, "USD"), 5, 10 * GB, 30),
        Plan("PRO", 1, "Pro", Money(9900, "USD"), 50, 100 * GB, 30),
        Plan("ENTERPRISE", 1, "Enterprise", Money(49900, "USD"), 999, 1000 * GB, 30),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE plan_version SET price_minor_units = 1",
        "DELETE FROM plan_version",
        "TRUNCATE plan_version CASCADE",
        "UPDATE subscription SET expires_at = now()",
        "UPDATE subscription SET reason = 'another'",
        "UPDATE scheduled_change SET plan_version = 2",
        "DELETE FROM scheduled_change",
        "UPDATE invoice_line SET minor_units = 1",
        "DELETE FROM invoice_line",
        "UPDATE payment SET minor_units = 1",
        "DELETE FROM payment",
        "UPDATE idempotency_key SET fingerprint = fingerprint",
        "DELETE FROM idempotency_key",
        "UPDATE audit_entry SET reason = 'another'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "DELETE FROM usage_level",
        "UPDATE subscription SET state = 'ACTIVE'",
        "DELETE FROM subscription",
        "DELETE FROM clock",
        "INSERT INTO clock DEFAULT VALUES",
        "DELETE FROM reactivation",
        "DELETE FROM closing",
        "UPDATE closing SET closed_at = now()",
        "ALTER TABLE plan_version ADD COLUMN more text",
        "CREATE TABLE mine (id integer)",
        "SELECT * FROM alembic_version",
    ],
)
async def test_the_service_may_not(engine: AsyncEngine, statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        async with engine.begin() as tx:
            await tx.execute(text(statement))


async def test_a_newer_version_takes_the_place_of_an_older_one(engine: AsyncEngine, superuser: AsyncEngine) -> None:
    async with superuser.begin() as tx:
        await tx.execute(
            text("""
                INSERT INTO plan_version
                SELECT code, version + 1, name, 10900, price_currency, seats, storage_bytes, screenshot_retention_days
                FROM plan_version WHERE code = 'PRO'
            """)
        )
    offers = await list_plans(engine)
    assert [(plan.code, plan.version, plan.price_per_month.minor_units) for plan in offers] == [
        ("FREE", 1, 0),
        ("PRO", 2, 10900),
        ("ENTERPRISE", 1, 49900),
    ]
