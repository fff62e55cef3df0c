"""The numbers in the services' databases, and a wait until all of them have propagated."""

from datetime import date
from typing import NamedTuple

from testkit.waiting import eventually
from tests.platform.running import Running


class CompanyDay(NamedTuple):
    """One company's day, with the columns that tracking and the portal share."""

    day: date
    revision: int
    active_seconds: int
    idle_seconds: int
    employees_active: int
    sessions: int
    screenshots: int
    storage_bytes: int
    seats_used: int


def company_days(running: Running, database: str, company_id: str) -> list[CompanyDay]:
    """Returns all days of a company; `database` is tracking or portal."""
    columns = ", ".join(CompanyDay._fields)
    statement = f"SELECT {columns} FROM company_day WHERE company_id = %s ORDER BY day"
    return [CompanyDay(*row) for row in running.rows(database, statement, company_id)]


async def settled(running: Running, company_id: str, *, seconds: float = 30.0) -> list[CompanyDay]:
    """Waits until the portal has the company's subscription and all its numbers; returns its days in the portal."""

    def waiting() -> int:
        statement = "SELECT (SELECT count(*) FROM fold_queue WHERE company_id = %s)"
        statement += " + (SELECT count(*) FROM outbox WHERE company_id = %s) AS waiting"
        return int(running.rows("tracking", statement, company_id, company_id)[0].waiting)

    def subscribed() -> bool:
        statement = "SELECT status FROM directory WHERE company_id = %s"
        return [row.status for row in running.rows("portal", statement, company_id)] not in ([], ["PENDING"])

    await eventually(waiting, lambda count: count == 0, timeout=seconds)
    await eventually(subscribed, timeout=seconds)
    kept = company_days(running, "tracking", company_id)
    return await eventually(
        lambda: company_days(running, "portal", company_id), lambda days: days == kept, timeout=seconds
    )


def assert_reconciled(running: Running) -> None:
    """Runs `tenantry reconcile`, which must find no difference."""
    result = running.command("reconcile")
    assert result.returncode == 0, result.stdout
    assert result.stdout.strip().endswith(" 0 differences"), result.stdout
