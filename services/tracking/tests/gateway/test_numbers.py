"""The numbers that a company sees reveal nothing about other companies, neither how many there are nor their growth."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.tracking.tests.fixtures.gateway import Sit
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, Tenant
from tracking.tasks.use_cases.tasks import assign_task

SMALLEST, BEYOND = 2**52, 2**53
TABLES = ("company", "employee", "work_session", "task")


@pytest.fixture
def numbers_of(
    engine: AsyncEngine, sit: Sit, stored: ReadRows
) -> Callable[[Tenant, int], Awaitable[dict[str, list[int]]]]:
    """`await numbers_of(tenant, sessions)`: the numbers of a company that works a little, by table, oldest first."""

    async def numbers_of(tenant: Tenant, sessions: int) -> dict[str, list[int]]:
        (admin, *_), now = await stored("employee", tenant.company_id), datetime.now(UTC)
        for _ in range(sessions):
            await sit(tenant)
            await assign_task(
                engine,
                tenant.company_id,
                employee_number=admin["number"],
                assigned_by=admin["employee_id"],
                title="Write it",
                description="",
                due_date=None,
                now=now,
            )
        found = {table: await stored(table, tenant.company_id) for table in TABLES}
        keys = {"company": "company_id", "employee": "employee_id", "work_session": "session_id", "task": "task_id"}
        return {
            table: [row["number"] for row in sorted(rows, key=lambda row: row[keys[table]])]
            for table, rows in found.items()
        }

    return numbers_of


async def test_a_new_companys_numbers_say_nothing_of_the_others(
    new_tenant: NewTenant, numbers_of: Callable[[Tenant, int], Awaitable[dict[str, list[int]]]]
) -> None:
    """A sequence shows as numbers that grow, and whose steps are what the others did in between."""
    first = await numbers_of(await new_tenant(people=8), 12)
    busy = await numbers_of(await new_tenant(people=8), 12)
    second = await numbers_of(await new_tenant(people=8), 12)
    for numbers in (first, busy, second):
        for table in TABLES:
            assert all(type(number) is int and SMALLEST <= number < BEYOND for number in numbers[table])
            steps = [abs(later - earlier) for earlier, later in pairwise(numbers[table])]
            assert min(steps, default=BEYOND) > 10**6, "no step is as small as what happens in a day"
        for table in ("employee", "work_session", "task"):
            assert numbers[table] != sorted(numbers[table])
    everything = [number for numbers in (first, busy, second) for table in TABLES for number in numbers[table]]
    assert len(set(everything)) == len(everything)


async def test_numbers_of_before_go_on_working(
    tenant: Tenant, sit: Sit, superuser: AsyncEngine, stored: ReadRows
) -> None:
    """A tracker holds the number that it was given when numbers were counted."""
    seat = await sit(tenant)
    async with superuser.begin() as tx:
        for table, number, was in (("work_session", 62, seat.session), ("employee", 61, seat.account.id)):
            statement = text(f"UPDATE {table} SET number = :number WHERE number = :was AND company_id = :company_id")
            await tx.execute(statement, {"number": number, "was": was, "company_id": tenant.company_id})
    assert (await seat.tracker.check_session_active(seat.account, 62)).ok
    assert (await seat.tracker.stop_session(seat.account, 62, datetime.now(UTC))).ok
    (session,) = [row for row in await stored("work_session", tenant.company_id) if row["number"] == 62]
    assert session["ended_at"] is not None


async def test_the_services_role_can_draw_numbers_and_learn_no_count(engine: AsyncEngine) -> None:
    async with engine.begin() as tx:
        sequences = "SELECT count(*) FROM information_schema.sequences WHERE sequence_name LIKE '%number%'"
        assert (await tx.execute(text(sequences))).scalar_one() == 0
