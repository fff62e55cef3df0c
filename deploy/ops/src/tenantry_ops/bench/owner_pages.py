"""The owner's pages over 10,000 customers with two years of aggregates, and the speed of a rebuild from the feed."""

import asyncio
import subprocess
import time
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import LiteralString

import psycopg

from tenantry_ops import environment
from tenantry_ops.bench import cpu
from tenantry_ops.bench.feed import publish_feed
from tenantry_ops.bench.owner import Owner, signed_in
from tenantry_ops.bench.results import BenchmarkFailed, Result, percentile
from tenantry_ops.bench.rig import Rig
from tenantry_ops.programs import command

GOAL_MICROSECONDS = 10.0  # per company day: 100,000 per second
GOAL_MILLISECONDS = 100.0  # per page, 95th percentile
GOAL_CPU_MILLISECONDS = 4.0  # of all processes, per dashboard
WARM_UP = 20
PAGES = 200
IDLE_SECONDS = 10.0
SETTLED_SECONDS = 120.0

HELD = "SELECT count(*) FROM company_day"
UNSETTLED = "SELECT count(*) FROM company_usage WHERE as_of < current_date - 1"
IDS = """
SELECT company_id::text FROM company
WHERE revision > 0 AND company_id NOT IN (SELECT company_id FROM company_day) ORDER BY company_id
"""

DASHBOARD = "/owner/dashboard/"
TURNED = "/owner/dashboard/?page={}"  # another page each time, so that no cached view helps
OTHERS = {
    "turned": TURNED,
    "sorted": "/owner/dashboard/?sort=minutes&dir=desc&page=100",
    "searched": "/owner/dashboard/?q=solar&status=ACTIVE",
    "reports": "/owner/reports/",
}


def owner_pages(rig: Rig) -> list[Result]:
    """Needs customers. Raises BenchmarkFailed if days are missing afterwards or a page is refused."""
    with psycopg.connect(rig.superuser_dsn("portal"), autocommit=True) as portal:
        ids = [row[0] for row in portal.execute(IDS)]
        days = asyncio.run(publish_feed(rig.platform, ids, datetime.now(UTC).date()))
        rebuilt = _rebuild(rig, days)
        if (held := _number(portal, HELD)) < days:
            raise BenchmarkFailed(f"the feed has {days} company days, and the read model {held}")
        portal.execute("VACUUM ANALYZE")  # now, so that it does not run during a measurement
        _settle(portal)
    return [*rebuilt, *asyncio.run(_pages(rig, f"/owner/company/{ids[0]}/"))]


def _rebuild(rig: Rig, days: int) -> list[Result]:
    began = time.perf_counter()
    subprocess.run(
        command("owner-portal", "rebuild"),
        env=environment.serving(rig.platform, "owner-portal"),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    seconds = time.perf_counter() - began
    return [
        Result("rebuild", seconds, "s"),
        Result("rebuild_company_days", days, "days"),
        Result("rebuild_per_company_day", seconds / days * 1e6, "µs", goal=GOAL_MICROSECONDS),
    ]


def _settle(portal: psycopg.Connection) -> None:
    """Waits until the totals of all companies are as of today."""
    deadline = time.monotonic() + SETTLED_SECONDS
    while _number(portal, UNSETTLED):
        if time.monotonic() > deadline:
            raise BenchmarkFailed(f"sums are not as of today after {SETTLED_SECONDS:.0f} s")
        time.sleep(0.2)


async def _pages(rig: Rig, company: str) -> list[Result]:
    results: list[Result] = []
    processes = rig.processes.values()
    async with signed_in(rig.platform) as owner:
        idle = await _idle(processes)
        for name, path in {"dashboard": DASHBOARD, **OTHERS, "company": company}.items():
            for number in range(WARM_UP):
                await owner.page(path.format(PAGES - number))
            before = cpu.seconds(processes)
            times = [await _timed(owner, path.format(1 + number)) for number in range(PAGES)]
            # The idle platform's CPU is not a cost of pages.
            used = (cpu.seconds(processes) - before) * 1000 - idle * sum(times)
            results += _figures(name, times, used / PAGES)
    return results


async def _idle(processes: Collection[int]) -> float:
    """Returns the CPU seconds per second of the idle platform."""
    before = cpu.seconds(processes)
    await asyncio.sleep(IDLE_SECONDS)
    return (cpu.seconds(processes) - before) / IDLE_SECONDS


async def _timed(owner: Owner, path: str) -> float:
    """Returns the milliseconds per page; the client's share is small."""
    began = time.perf_counter()
    await owner.page(path)
    return (time.perf_counter() - began) * 1000


def _figures(name: str, times: list[float], used: float) -> Iterator[Result]:
    yield Result(f"page_{name}_p50", percentile(times, 0.5), "ms")
    yield Result(f"page_{name}_p95", percentile(times, 0.95), "ms", goal=GOAL_MILLISECONDS)
    yield Result(
        f"page_{name}_cpu", used, "ms", goal=GOAL_CPU_MILLISECONDS if name in ("dashboard", "turned") else None
    )


def _number(database: psycopg.Connection, statement: LiteralString) -> int:
    row = database.execute(statement).fetchone()
    return int(row[0]) if row else 0
