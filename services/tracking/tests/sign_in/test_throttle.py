"""The sign-in throttle at the gateway: what is counted, what a success resets, and who is not delayed."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import text

from credentials import hashing
from credentials.hashing import TooManySignIns
from credentials.throttle import BUDGETS, CountKind
from servicekit.errors import NotAuthenticated, RateLimited
from tracking.maintenance import UnlimitedSeats
from tracking.people.use_cases import add_employee
from tracking.sign_in.use_cases import check_password
from tracking.sign_in.use_cases.log_in import log_in
from tracking.sign_in.use_cases.unlock_sign_in import lift, list_blocked

ADDRESS, PAIR, ACCOUNT, KNOWN = (
    BUDGETS[kind].window for kind in (CountKind.ADDRESS, CountKind.PAIR, CountKind.ACCOUNT, CountKind.KNOWN)
)


@pytest.fixture
async def tenant(new_tenant):
    """A company of the test's own."""
    return await new_tenant(people=2)


@pytest.fixture
def at(api):
    """`await at("192.0.2.7", tenant, email, password)`: the answer of the desktop's log-in from that address."""

    async def ask(address: str, tenant, email: str, password: str, key: str = "") -> httpx.Response:
        transport = httpx.ASGITransport(api, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            body = {"email": email, "password": password}
            return await client.post("/api/login", json=body, headers={"X-Company-Key": key or tenant.key})

    return ask


async def guess(at, tenant, times: int, email: str, address: str = "192.0.2.1") -> list[int]:
    replies = await asyncio.gather(*(at(address, tenant, email, f"guess {n}") for n in range(times)))
    return sorted(reply.status_code for reply in replies)


async def test_ten_guesses_are_free_even_at_the_same_time(tenant, at) -> None:
    victim = tenant.people[0]
    assert await guess(at, tenant, PAIR + 5, victim) == [401] * PAIR + [429] * 5
    reply = await at("192.0.2.1", tenant, victim, tenant.password)
    assert reply.status_code == 429
    assert reply.json()["message"].startswith("Too many attempts to sign in. Try again in ")
    assert 1 <= int(reply.headers["retry-after"]) <= 900


async def test_an_unknown_account_answers_the_same(tenant, at) -> None:
    assert await guess(at, tenant, PAIR + 2, "nobody@acme.example") == [401] * PAIR + [429] * 2


async def test_one_address_has_fifty_whatever_accounts_they_are_about(tenant, at) -> None:
    replies = [await at("192.0.2.1", tenant, f"p{number}@else.example", "guess") for number in range(ADDRESS + 3)]
    assert [reply.status_code for reply in replies] == [401] * ADDRESS + [429] * 3
    assert (await at("192.0.2.2", tenant, tenant.people[0], tenant.password)).status_code == 200


async def test_an_ipv6_customer_is_one_address(tenant, at) -> None:
    for number in range(ADDRESS + 1):
        reply = await at(f"2001:db8::{number:x}", tenant, f"p{number}@else.example", "guess")
    assert reply.status_code == 429


async def test_one_address_cannot_lock_an_account_out(tenant, at) -> None:
    """200 wrong passwords from one address, then the right one from another."""
    codes = await guess(at, tenant, 200, tenant.people[0])
    assert codes.count(401) == PAIR
    assert (await at("192.0.2.2", tenant, tenant.people[0], tenant.password)).status_code == 200


async def test_no_stranger_keeps_out_who_comes_from_a_known_place(tenant, at) -> None:
    victim = tenant.people[0]
    assert (await at("198.51.100.9", tenant, victim, tenant.password)).status_code == 200
    for number in range(10):
        await guess(at, tenant, PAIR, victim, f"192.0.2.{number}")
    assert (await at("192.0.2.200", tenant, victim, tenant.password)).status_code == 429, "from a new place"
    assert (await at("198.51.100.9", tenant, victim, tenant.password)).status_code == 200
    assert await guess(at, tenant, KNOWN + 1, victim, "198.51.100.9") == [401] * KNOWN + [429]


async def test_the_attempts_on_an_account_from_all_new_places_are_bounded(tenant, at) -> None:
    codes = [(await at(f"203.0.113.{n}", tenant, tenant.people[0], "guess")).status_code for n in range(ACCOUNT + 5)]
    assert codes == [401] * ACCOUNT + [429] * 5


async def test_a_success_in_another_company_forgives_nothing(tenant, new_tenant, at, engine) -> None:
    """An admin can create an account with the same e-mail and a known password in another company."""
    other = await new_tenant(people=0)
    victim = tenant.people[0]
    await add(engine, other, victim)
    admitted = 0
    for _ in range(10):
        admitted += (await guess(at, tenant, PAIR - 1, victim)).count(401)
        await at("192.0.2.1", tenant, victim, "another password of mine", other.key)
    assert admitted == PAIR


async def add(engine, tenant, email: str) -> None:
    account = {"name": "Mallory", "email": email, "password": "another password of mine"}
    await add_employee(engine, tenant.company_id, seats=UnlimitedSeats(), **account)


async def test_the_right_password_starts_again(tenant, at) -> None:
    for _ in range(3):
        await guess(at, tenant, KNOWN - 1, tenant.people[0])
        assert (await at("192.0.2.1", tenant, tenant.people[0], tenant.password)).status_code == 200


async def test_a_success_gives_the_address_its_own_attempt_back_alone(tenant, at) -> None:
    for number in range(ADDRESS):
        await at("192.0.2.1", tenant, f"p{number}@else.example", "guess")
        if number < ADDRESS - 1:
            assert (await at("192.0.2.1", tenant, tenant.people[number % 2], tenant.password)).status_code == 200
    assert (await at("192.0.2.1", tenant, "nobody@else.example", "guess")).status_code == 429


async def test_nobody_else_is_held_up(tenant, at, new_tenant) -> None:
    await guess(at, tenant, PAIR + 1, tenant.people[0])
    assert (await at("192.0.2.1", tenant, tenant.people[1], tenant.password)).status_code == 200
    other = await new_tenant()
    assert (await at("192.0.2.1", other, tenant.people[0], "guess")).status_code == 401


async def test_after_a_quarter_of_an_hour_one_may_try_again_until_the_day_is_used_up(tenant, at, superuser) -> None:
    later = text("UPDATE sign_in_attempt SET ends_at = now()")
    for expected in (401, 401, 429):
        assert (await guess(at, tenant, PAIR + 1, tenant.people[0]))[0] == expected
        async with superuser.begin() as tx:
            await tx.execute(later)
    reply = await at("192.0.2.1", tenant, tenant.people[0], tenant.password)
    assert int(reply.headers["retry-after"]) > 80_000
    async with superuser.begin() as tx:
        await tx.execute(text("UPDATE sign_in_attempt SET day_ends_at = now()"))
    assert (await at("192.0.2.1", tenant, tenant.people[0], tenant.password)).status_code == 200


async def test_the_operator_sees_and_lifts(tenant, at, engine, dispatch) -> None:
    for number in range(4):
        await guess(at, tenant, PAIR, tenant.people[0], f"192.0.2.{number}")
    line = f"{tenant.company_id}: {tenant.people[0]}, "
    assert any(found.startswith(line) for found in [found async for found in list_blocked(engine, dispatch)])
    await lift(engine, dispatch, tenant.people[0])
    assert (await at("192.0.2.1", tenant, tenant.people[0], tenant.password)).status_code == 200
    assert not any(found.startswith(line) for found in [found async for found in list_blocked(engine, dispatch)])
    for number in range(ADDRESS):
        await at("192.0.2.9", tenant, f"p{number}@else.example", "guess")
    assert "1 networks may not sign in now" in [found async for found in list_blocked(engine, dispatch)]
    await lift(engine, dispatch, "192.0.2.9")
    assert (await at("192.0.2.9", tenant, "nobody@else.example", "guess")).status_code == 401


async def test_polls_with_an_old_token_ban_nobody(tenant, tracker) -> None:
    """A desktop asks for tasks every five seconds to the end of its process, long after the sign-out."""
    client = tracker(tenant.key)
    body = {"id": 1, "active_token": "an old one"}
    replies = await asyncio.gather(*(client.post("tasks/get", body) for _ in range(PAIR * 3)))
    assert {reply.code for reply in replies} == {401}
    assert (await client.login(tenant.people[0], tenant.password)).ok


async def test_a_crowd_is_asked_to_wait_and_uses_nothing(tenant, at, monkeypatch) -> None:
    async def crowded(*_: object, **__: object) -> list[str]:
        raise TooManySignIns(3)

    with monkeypatch.context() as patch:
        patch.setattr(check_password, "matching_hashes", crowded)
        for _ in range(PAIR * 2):
            reply = await at("192.0.2.1", tenant, tenant.people[0], tenant.password)
            assert (reply.status_code, reply.headers["retry-after"]) == (503, "3")
    assert (await at("192.0.2.1", tenant, tenant.people[0], tenant.password)).status_code == 200


async def test_a_refused_attempt_costs_no_hash(tenant, engine, monkeypatch) -> None:
    attempt = {"email": tenant.people[0], "password": "guess", "origin": "192.0.2.1"}
    hashed = []
    run = hashing.HashQueue.run
    monkeypatch.setattr(hashing.HashQueue, "run", lambda *given: hashed.append(1) or run(*given))
    for number in range(PAIR + 5):
        with pytest.raises(NotAuthenticated if number < PAIR else RateLimited):
            await log_in(engine, tenant.company_id, **attempt, now=datetime.now(UTC))
    assert len(hashed) == PAIR
