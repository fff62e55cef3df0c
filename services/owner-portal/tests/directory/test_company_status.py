"""The status of a company: the rule, and the database's function that computes it for all companies."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.directory.rules import CompanyState, Status, company_status

SUBSCRIPTION_STATES = (None, "TRIAL", "ACTIVE", "PAST_DUE", "EXPIRED", "CANCELLED")
BY_DATABASE = text("SELECT now(), company_status(:state, :subscription_state, now() + CAST(:left AS interval))")


@pytest.mark.parametrize(
    ("state", "subscription_state", "hours_left", "status"),
    [
        ("ACTIVE", None, None, Status.PENDING),
        ("ACTIVE", "TRIAL", 1, Status.TRIAL),
        ("ACTIVE", "TRIAL", 0, Status.EXPIRED),
        ("ACTIVE", "PAST_DUE", 1, Status.PAST_DUE),
        ("ACTIVE", "PAST_DUE", -1, Status.EXPIRED),
        ("ACTIVE", "ACTIVE", None, Status.ACTIVE),
        ("ACTIVE", "CANCELLED", -1, Status.CANCELLED),
        ("SUSPENDED", "ACTIVE", 1, Status.SUSPENDED),
        ("CLOSED", "CANCELLED", -1, Status.CLOSED),
    ],
)
def test_the_status_of_a_company(
    state: str, subscription_state: str | None, hours_left: int | None, status: Status
) -> None:
    now = datetime.now(UTC)
    expires_at = None if hours_left is None else now + timedelta(hours=hours_left)
    assert company_status(state, subscription_state, expires_at, now) is status


async def test_the_database_computes_the_same(engine: AsyncEngine) -> None:
    lefts = (None, timedelta(microseconds=-1), timedelta(0), timedelta(microseconds=1), timedelta(days=400))
    async with engine.connect() as connection:
        for state, subscription_state, left in product(CompanyState, SUBSCRIPTION_STATES, lefts):
            values = {"state": state.value, "subscription_state": subscription_state, "left": left}
            now, computed = (await connection.execute(BY_DATABASE, values)).one()
            expires_at = None if left is None else now + left
            assert company_status(state, subscription_state, expires_at, now) == computed, values
