"""Mutated requests to every HTTP server, with trailers, invalid framing and endless bodies.

No response is a 5xx, every caller gets a response or a closed connection, no memory leaks, and honest calls are still
served. FAULT_REQUESTS=30000 runs the whole drill; the suite sends a few hundred.
"""

import asyncio
import logging
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from urllib.parse import urlencode

import psutil
import pytest

from tests.platform.company import Company, Found
from tests.platform.hostile import Template, json_body, mutated, status_of
from tests.platform.owner import Owner
from tests.platform.running import Running
from tracker_client import Account, NativeAgent, open_http, stamp

REQUESTS = int(os.environ.get("FAULT_REQUESTS", "600"))
AT_ONCE = 48
MAX_WAIT_SECONDS = 60.0  # seconds
PATIENCE_SECONDS = 1.5  # after which most callers without a response disconnect
STAYING_SHARE = 0.02  # of those callers
MAX_GROWTH_BYTES = 5 * 1024**2  # of a process, from the middle of the drill to its end
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

log = logging.getLogger(__name__)


async def templates(running: Running, company: Company, owner: Owner) -> list[Template]:
    person = company.people[0]
    async with open_http() as http:
        tracker = company.tracker(http)
        data = (await tracker.login(person.email, person.password)).fields["data"]
        account = Account(data["id"], data["company_id"], data["active_token"])
        session = (await tracker.create_session(account, datetime.now(UTC))).fields["data"]["id"]
        agent = NativeAgent(f"{running.gateway}/v1", company.key, http)
        assert (await agent.enrol(person.email, person.password, "Laptop")).status_code == 201
    now = stamp(datetime.now(UTC))
    who = {"employee_id": account.id, "company_id": account.company_id, "active_token": account.token}
    use = {"app_name": "Editor", "window_title": "notes", "active_seconds": 1, "created_at": now}
    tick = {"minute_type": "ACTIVE", "duration_seconds": 1, "created_at": now}
    upload = {**who, "work_session_id": session, "applications": [use] * 3, "websites": [], "activities": [tick]}
    picture = {**who, "work_session_id": session, "capture_time": now, "photo": "iVBORw0KGgo="}
    calls = {
        "upload/employee-activity": upload,
        "screenshot/upload": picture,
        "tasks/get": {**who, "id": account.id},
        "check-session-active": {**who, "session_id": session},
        "work-session/create": {**who, "session_start": now},
        "login-check": {"id": account.id, "token": account.token},
        "login": {"email": "nobody@example.com", "password": "guess"},
    }
    gateway, workspace, portal = running.platform.gateway, running.platform.workspace, running.platform.portal
    key = JSON | {"X-Company-Key": company.key}
    sync = {"sent_at": datetime.now(UTC).isoformat(), "records": []}
    session_of = {"Cookie": "; ".join(f"{name}={value}" for name, value in company.workspace.cookies.items())}
    owners = {"Cookie": "; ".join(f"{name}={value}" for name, value in owner.http.cookies.items())}
    login = urlencode({"email": "nobody@example.com", "password": "guess"}).encode()
    task = urlencode({"title": "Something", "csrf_token": "0" * 64}).encode()
    pages = ("/", "/team", "/reports/monthly?month=2026-01", "/reports/use.csv?first=2026-01-01&last=2026-01-31")
    views = (
        "/owner/dashboard/?q=a&sort=name",
        "/owner/dashboard/companies.csv",
        "/owner/reports/?days=30",
        "/owner/audit-log/",
    )
    return [
        *(Template(gateway, "POST", f"/api/{path}", key, json_body(body)) for path, body in calls.items()),
        Template(gateway, "GET", "/api/employee-config", key | {"Authorization": f"Token {account.token}"}),
        *[Template(gateway, "POST", "/v1/sync", JSON | agent.headers, json_body(sync))] * 2,
        Template(gateway, "GET", "/v1/tasks", dict(agent.headers)),
        *(Template(workspace, "GET", path, session_of) for path in pages),
        Template(workspace, "POST", "/login", FORM, login),
        Template(workspace, "POST", "/team/1", FORM | session_of, task),
        *(Template(portal, "GET", path, owners) for path in views),
        Template(portal, "POST", "/owner/login/", FORM, login),
        Template(portal, "POST", "/owner/company/create/", FORM | owners, task),
    ]


async def ask(template: Template, pieces: Sequence[bytes], *, stays: bool) -> tuple[int, float]:
    """Returns the status, 0 if the connection ended without one, and the seconds until then."""
    host, _, port = template.door.rpartition(":")
    began = time.monotonic()
    reader, writer = await asyncio.open_connection(host, int(port))
    answer = b""
    try:
        with suppress(ConnectionError, TimeoutError):
            for piece in pieces:
                writer.write(piece)
                await asyncio.wait_for(writer.drain(), PATIENCE_SECONDS)
                await asyncio.sleep(0)
            answer = await asyncio.wait_for(reader.read(4096), 2 * MAX_WAIT_SECONDS if stays else PATIENCE_SECONDS)
        return status_of(answer), time.monotonic() - began
    finally:
        writer.transport.abort()


def processes(running: Running) -> Iterator[psutil.Process]:
    yield from running.gateway_workers()
    for name in ("workspace", "portal"):
        yield from map(psutil.Process, running.pids(name))


@pytest.mark.timeout(300 + REQUESTS // 20)
async def test_mutated_requests_are_survived(running: Running, found_company: Found, owner: Owner) -> None:
    company = await found_company("Thistle", people=1)
    requests = await templates(running, company, owner)
    random = Random(13)
    seen: Counter[tuple[str, int]] = Counter()
    failed: list[tuple[Template, list[bytes], int]] = []
    longest = 0.0

    async def work(count: Iterator[int]) -> None:
        nonlocal longest
        for _ in count:
            template = random.choice(requests)
            pieces = mutated(template, random)
            status, seconds = await ask(template, pieces, stays=random.random() < STAYING_SHARE)
            seen[template.door, status] += 1
            longest = max(longest, seconds)
            if status >= 500:
                failed.append((template, pieces, status))

    before: dict[int, int] = {}
    for half in (REQUESTS // 2, REQUESTS - REQUESTS // 2):
        before = {process.pid: process.memory_info().rss for process in processes(running)}
        count = iter(range(half))
        await asyncio.gather(*(work(count) for _ in range(AT_ONCE)))
    after = {process.pid: process.memory_info().rss for process in processes(running)}
    growth = {pid: after[pid] - before[pid] for pid in before}
    log.info("answers %s, longest %.1f s, growth %s", dict(seen), longest, growth)
    assert not failed, failed[:3]
    assert longest < MAX_WAIT_SECONDS
    assert set(after) == set(before), "no process has ended"
    assert sum(seen.values()) == REQUESTS
    assert any(status == 200 for _door, status in seen)
    if REQUESTS >= 10_000:  # shorter drills measure caches that are still filling
        assert max(growth.values()) < MAX_GROWTH_BYTES
    assert (await company.team_page()).status_code == 200
    await owner.page("/owner/dashboard/")
