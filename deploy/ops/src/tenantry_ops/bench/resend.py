"""A tracker that was offline for ten hours: a day's rows in one request are accepted, counted once, and recognised."""

import asyncio
import time
from typing import Any

import msgspec
import psycopg

from tenantry_ops.bench.crowd import Crowd, Member
from tenantry_ops.bench.results import BenchmarkFailed, Result
from tenantry_ops.bench.rig import Rig
from tenantry_ops.bench.rows import PATH, stamp
from tenantry_ops.bench.wire import Wire, request

ROWS = 40_000
ACTIVE, IDLE = 32_000, 4_000  # seconds of the ten hours
FOLDED_SECONDS = 300.0  # after minutes of overload, others wait before it

TOTALS = """
SELECT (SELECT count(*) FROM usage_record WHERE (company_id, employee_id) = (%(company)s, %(id)s)),
       coalesce(sum(active_seconds), 0), coalesce(sum(idle_seconds), 0),
       (SELECT count(*) FROM fold_queue WHERE (company_id, employee_id) = (%(company)s, %(id)s))
FROM employee_day WHERE (company_id, employee_id) = (%(company)s, %(id)s)
"""


def resend(rig: Rig, crowd: Crowd) -> list[Result]:
    """Raises BenchmarkFailed if the rows are refused, or the totals differ from the work."""
    return asyncio.run(_resend(rig, crowd.members[-1], crowd))


async def _resend(rig: Rig, member: Member, crowd: Crowd) -> list[Result]:
    upload = request("POST", PATH, {"X-Company-Key": crowd.keys[member.company_id]}, _body(member))
    wire = await Wire.open(rig.platform.gateway)
    results = []
    async with await psycopg.AsyncConnection.connect(rig.superuser_dsn("tracking"), autocommit=True) as database:
        before = await _totals(database, member)
        for name, expected in (("taken", (ROWS, ACTIVE, IDLE)), ("again", (0, 0, 0))):
            began = time.perf_counter()
            status, body = await wire.call(upload)
            taken = time.perf_counter() - began
            if status != 200:
                raise BenchmarkFailed(f"a day's rows were refused: {status} {body.decode()}")
            after = await _totals(database, member)
            gained = tuple(now - then for now, then in zip(after, before, strict=True))
            if gained != expected:
                raise BenchmarkFailed(f"a day's rows {name}: {gained} instead of {expected}")
            before = after
            results.append(Result(f"resend_{ROWS}_{name}", taken, "s", goal=2.0))
    wire.close()
    return results


async def _totals(database: psycopg.AsyncConnection, member: Member) -> tuple[int, ...]:
    """Returns rows, active and idle seconds, once everything is folded."""
    deadline = time.monotonic() + FOLDED_SECONDS
    while True:
        found = await database.execute(TOTALS, {"company": member.company_id, "id": member.employee_id})
        row = await found.fetchone()
        if row is not None and not row[3]:
            return tuple(row[:3])
        if time.monotonic() > deadline:
            raise BenchmarkFailed("a day's rows are not folded")
        await asyncio.sleep(0.05)


def _body(member: Member) -> bytes:
    since = member.since + 65 * 3600  # ten hours that no other benchmark records
    end = since + ACTIVE + IDLE
    rows: list[dict[str, Any]] = [
        {
            "app_name": "Code Editor",
            "window_title": f"report-{number}.py - project - Code Editor",
            "active_seconds": 1,
            "created_at": stamp(since + number * (ACTIVE + IDLE) // ROWS),
        }
        for number in range(ROWS)
    ]
    upload = {
        "employee_id": member.employee_number,
        "company_id": member.company_number,
        "active_token": member.token,
        "work_session_id": member.session_number,
        "applications": rows,
        "websites": [],
        "activities": [
            {"minute_type": "ACTIVE", "duration_seconds": ACTIVE, "created_at": stamp(end)},
            {"minute_type": "INACTIVE", "duration_seconds": IDLE, "created_at": stamp(end - 1000)},
        ],
    }
    return msgspec.json.encode(upload)
