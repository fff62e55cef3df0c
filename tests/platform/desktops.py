"""Desktops whose people have worked for hours, without a test waiting for hours."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from tests.platform.company import Company, Person
from tracker_client import Desktop, Reply, TrackerClient, Upload

DAY = 86_400


def now() -> datetime:
    """The moment, in whole seconds as a tracker knows it."""
    return datetime.now(UTC).replace(microsecond=0)


async def at_work(
    company: Company, person: Person, *, hours: float = 0, http: httpx.AsyncClient | None = None
) -> Desktop:
    """A desktop that tracks, its clock `hours` back: what it ticks from there on, it has kept since.

    The platform takes no row from before the log-in, so that moment is put back as well.
    """
    desktop = Desktop(company.tracker(http), now())
    assert await desktop.sign_in(person.email, person.password), desktop.message
    assert desktop.account is not None
    began = now() - timedelta(hours=hours)
    company.running.execute(
        "tracking",
        "UPDATE device SET logged_in_at = %s WHERE device_id = (SELECT device_id FROM device"
        " JOIN employee USING (company_id, employee_id) WHERE number = %s ORDER BY logged_in_at DESC LIMIT 1)",
        began - timedelta(seconds=1),
        desktop.account.id,
    )
    await start(desktop, at=began)
    return desktop


async def start(desktop: Desktop, *, at: datetime) -> None:
    """Presses start now, then puts the clock to `at`. The platform measures the clock when a session starts."""
    desktop.now = now()
    assert await desktop.start(), desktop.message
    desktop.now = at


async def post_unheard(desktop: Desktop) -> Upload:
    """Posts what the desktop holds; the answer gets lost on its way, so the desktop keeps all of it."""
    rows = desktop.tables.snapshot()
    assert (await post(desktop, rows)).code == 200
    return rows


async def post(desktop: Desktop, rows: Upload, client: TrackerClient | None = None) -> Reply:
    """Posts rows under the running session, behind the desktop's back; through its own client or another."""
    assert desktop.account is not None
    assert desktop.session_id is not None
    return await (client or desktop.client).upload_activity(desktop.account, desktop.session_id, rows)


@dataclass(frozen=True)
class Worked:
    """What the people of a company really did on one day."""

    active_seconds: int
    idle_seconds: int
    employees_active: int


def truth(people: Iterable[Iterable[Desktop]], offset: int = 0) -> dict[int, Worked]:
    """What happened by day (days since 1970 where it is `offset` seconds later than UTC), second by second.

    `people`: each person's desktops. A second at several desktops is one second; active at one of them is active.
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
