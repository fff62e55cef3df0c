"""Desktops with hours of recorded work, without waiting for hours."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from tests.platform.company import Company, Person
from tracker_client import Account, Desktop, Reply, TrackerClient, Upload

DAY = 86_400


def now() -> datetime:
    """Returns the current time in whole seconds, like a tracker."""
    return datetime.now(UTC).replace(microsecond=0)


async def at_work(
    company: Company, person: Person, *, hours: float = 0, http: httpx.AsyncClient | None = None
) -> Desktop:
    """Returns a tracking desktop whose clock is `hours` back, so that its ticks are past work.

    The platform counts no row from before the log-in, so the log-in is dated back too.
    """
    desktop = Desktop(company.tracker(http), now())
    assert await desktop.sign_in(person.email, person.password), desktop.message
    began = now() - timedelta(hours=hours)
    company.running.execute(
        "tracking",
        "UPDATE device SET logged_in_at = %s WHERE device_id = (SELECT device_id FROM device"
        " JOIN employee USING (company_id, employee_id) WHERE number = %s ORDER BY logged_in_at DESC LIMIT 1)",
        began - timedelta(seconds=1),
        account(desktop).id,
    )
    await start(desktop, at=began)
    return desktop


async def start(desktop: Desktop, *, at: datetime) -> None:
    """Starts a session now, then sets the clock to `at`, because the platform measures the clock at the start."""
    desktop.now = now()
    assert await desktop.start(), desktop.message
    desktop.now = at


async def uploaded(desktop: Desktop) -> Reply:
    """Uploads the desktop's rows and returns the reply, which must have come."""
    reply = await desktop.upload()
    assert reply is not None
    return reply


def account(desktop: Desktop) -> Account:
    """Returns the account of a desktop that is signed in."""
    assert desktop.account is not None
    return desktop.account


def session(desktop: Desktop) -> int | str:
    """Returns the session of a desktop that is tracking."""
    assert desktop.session_id is not None
    return desktop.session_id


async def post_unheard(desktop: Desktop) -> Upload:
    """Posts the desktop's rows and loses the reply, so that the desktop keeps all of them."""
    rows = desktop.tables.snapshot()
    assert (await post(desktop, rows)).code == 200
    return rows


async def post(desktop: Desktop, rows: Upload, client: TrackerClient | None = None) -> Reply:
    """Posts rows under the running session without the desktop's knowledge, with its own client or another."""
    return await (client or desktop.client).upload_activity(account(desktop), session(desktop), rows)


@dataclass(frozen=True)
class Worked:
    """The true activity of a company's people on one day."""

    active_seconds: int
    idle_seconds: int
    employees_active: int


def truth(people: Iterable[Iterable[Desktop]], offset: int = 0) -> dict[int, Worked]:
    """Returns the true activity by day (days since 1970, `offset` seconds ahead of UTC), second by second.

    `people`: each person's desktops. A second at several desktops counts once, and active takes precedence.
    """
    days: dict[int, list[tuple[int, int]]] = {}
    for desktops in people:
        active, idle = _seconds(desktops, "ACTIVE"), _seconds(desktops, "INACTIVE")
        idle -= active
        for day in {(second + offset) // DAY for second in active | idle}:
            days.setdefault(day, []).append(
                (
                    sum((second + offset) // DAY == day for second in active),
                    sum((second + offset) // DAY == day for second in idle),
                )
            )
    return {day: Worked(sum(a for a, _ in found), sum(i for _, i in found), len(found)) for day, found in days.items()}


def _seconds(desktops: Iterable[Desktop], kind: str) -> set[int]:
    return {
        second
        for desktop in desktops
        for span in desktop.truth.spans
        if span.kind == kind
        for second in range(int(span.start.timestamp()), int(span.end.timestamp()))
    }
