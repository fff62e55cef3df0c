"""Measures signing in; run by hand: pytest -n 0 -s services/tracking/tests/benchmarks/sign_in.py

The processor time of four kinds of failed sign-ins, and a minute in which 1,000 strangers guess at 1,000 accounts.
"""
# ruff: noqa: T201, ASYNC110 - it talks on the terminal, and tries again when it is told to

import asyncio
import contextlib
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from credentials import passwords, throttle
from credentials.passwords import hash_password
from credentials.throttle import Budget
from servicekit.errors import AppError
from servicekit.http_proxies import trust_proxies
from tracking.maintenance import UnlimitedSeats
from tracking.people.store import email_digest
from tracking.people.use_cases import add_employee
from tracking.processes.workspace import workspace_app
from tracking.sign_in.use_cases.log_in import enrol_device, log_in
from tracking.sign_in.use_cases.workspace_sign_in import sign_in

SAMPLES = 500
STRANGERS = ACCOUNTS = 1000
SECONDS = 60.0


@pytest.fixture(autouse=True)
def real_hashes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1))
        yield


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("place", ["workspace", "desktop", "native"])
async def test_four_kinds_of_failure_take_the_same_time(new_tenant, engine, superuser, monkeypatch, place: str) -> None:
    for kind in throttle.BUDGETS:
        monkeypatch.setitem(throttle.BUDGETS, kind, Budget(10**6, 10**6))
    first, second, third = await new_tenant(people=2), await new_tenant(), await new_tenant()
    several, alone, gone = first.people[0], first.people[1], second.people[0]
    for tenant in (second, third):
        account = {"name": "Consultant", "email": several, "password": "correct horse battery"}
        await add_employee(engine, tenant.company_id, seats=UnlimitedSeats(), **account)
    async with superuser.begin() as tx:
        statement = text("UPDATE employee SET active = false WHERE company_id = :id AND email = :email")
        await tx.execute(statement, {"id": second.company_id, "email": gone})
    now = datetime.now(UTC)
    kinds = {"unknown": "nobody@acme.example", "wrong": alone, "deactivated": gone, "several": several}

    async def workspace(email: str, origin: str) -> None:
        await sign_in(engine, email=email, password="guess", origin=origin, now=now)

    async def desktop(email: str, origin: str) -> None:
        company = (second if email == gone else first).company_id
        await log_in(engine, company, email=email, password="guess", origin=origin, now=now)

    async def native(email: str, origin: str) -> None:
        company = (second if email == gone else first).company_id
        await enrol_device(engine, company, email=email, password="guess", name="Laptop", origin=origin, now=now)

    attempt = {"workspace": workspace, "desktop": desktop, "native": native}[place]
    spent: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(SAMPLES):
        order = list(kinds.items())
        random.shuffle(order)  # in a fixed order the garbage collector would come to the same kind each time
        for kind, email in order:
            began = time.process_time()
            with contextlib.suppress(AppError):
                await attempt(email, f"2001:db8:{number:x}:{list(kinds).index(kind)}::1")
            spent[kind].append(time.process_time() - began)
    medians = {kind: statistics.median(times) * 1000 for kind, times in spent.items()}
    spread = max(medians.values()) / min(medians.values()) - 1
    print(place, {kind: f"{ms:.2f} ms" for kind, ms in medians.items()}, f"spread {spread:.1%}")
    assert spread < 0.05


@pytest.mark.timeout(1800)
async def test_a_minute_of_strangers(new_tenant, engine, dispatch, directory, sync, pictures, superuser) -> None:
    async with superuser.begin() as tx:
        await tx.execute(text("TRUNCATE sign_in_attempt"))
    tenant = await new_tenant(people=0)
    emails = [f"v{number}@victims.example" for number in range(ACCOUNTS)]
    await _insert(superuser, tenant.company_id, [*emails, *(f"h{number}@honest.example" for number in range(400))])
    app = trust_proxies(
        workspace_app(engine, dispatch, directory, sync, health=[], pictures=pictures, cookie_secure=False),
        ["10.0.0.1"],
    )
    transport = httpx.ASGITransport(app, client=("10.0.0.1", 1))
    ends = time.monotonic() + 10**6
    guessed: Counter[int] = Counter()
    waits: dict[str, list[float]] = {"known": [], "fresh": []}

    async def post(address: str, email: str, password: str, cookie: str = "") -> httpx.Response:
        headers = {"X-Forwarded-For": address} | ({"Cookie": cookie} if cookie else {})
        form = {"email": email, "password": password}
        # Without a client of its own: making one would take longer than to sign in.
        request = httpx.Request("POST", "http://workspace/login", data=form, headers=headers)
        reply = await transport.handle_async_request(request)
        await reply.aread()
        reply.request = request
        return reply

    async def stranger(number: int) -> None:
        address, guesses = f"198.18.{number // 250}.{number % 250}", 0
        while time.monotonic() < ends:
            reply = await post(address, emails[(number + guesses) % ACCOUNTS], f"top list {guesses}")
            guessed[reply.status_code] += 1
            guesses += 1
            await asyncio.sleep(1)

    async def honest(kind: str, address: str, email: str, cookie: str) -> None:
        began = time.monotonic()
        while (reply := await post(address, email, PASSWORD, cookie)).status_code == 503:
            await asyncio.sleep(float(reply.headers["retry-after"]))
        assert reply.status_code == 303, reply.text
        waits[kind].append(time.monotonic() - began)

    known = []
    for number in range(20):
        reply = await post("203.0.113.1", emails[number], PASSWORD)
        known.append(f"workspace-browser={reply.cookies['workspace-browser']}")
    ends = time.monotonic() + SECONDS
    strangers = [asyncio.create_task(stranger(number)) for number in range(STRANGERS)]
    asked = []
    for number in range(int(SECONDS * 2)):
        await asyncio.sleep(0.5)
        own = emails[number % 20]
        asked.append(asyncio.create_task(honest("known", "203.0.113.1", own, known[number % 20])))
        fresh = f"h{number}@honest.example"
        asked.append(asyncio.create_task(honest("fresh", f"203.0.113.{2 + number % 200}", fresh, "")))
    await asyncio.gather(*asked)
    await asyncio.gather(*strangers)
    for kind, seconds in waits.items():
        ordered = sorted(seconds)
        p95 = ordered[int(len(ordered) * 0.95)]
        print(
            kind,
            len(ordered),
            f"served, p50 {statistics.median(ordered):.2f} s, p95 {p95:.2f} s, max {ordered[-1]:.2f} s",
        )
    print("strangers were answered", dict(guessed))
    assert guessed[303] == 0


PASSWORD = "correct horse battery"


async def _insert(superuser, company_id: UUID, emails: list[str]) -> None:
    stored = await hash_password(PASSWORD)
    rows = [{"company": company_id, "email": email, "digest": email_digest(email), "hash": stored} for email in emails]
    statement = text("""
        INSERT INTO employee (company_id, employee_id, name, email, email_digest, role, password_hash)
        VALUES (:company, uuidv7(), 'Bo', :email, :digest, 'EMPLOYEE', :hash)
    """)
    async with superuser.begin() as tx:
        await tx.execute(statement, rows)
