"""Guessing passwords at the gateway: ten attempts from a place, fifty on an account, and nobody else is held up."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from servicekit.errors import RateLimited, Unavailable
from tracking.application import guard_sign_in
from tracking.application.guard_sign_in import ATTEMPTS, ATTEMPTS_FROM_ONE_PLACE, guarded, subjects

TOO_MANY = "Too many attempts to sign in; wait a quarter of an hour and try again"


@pytest.fixture
async def tenant(new_tenant):
    """A company of the test's own."""
    return await new_tenant(people=2)


async def guess(tracker, tenant, times: int, email: str | None = None) -> list[int]:
    client = tracker(tenant.key)
    replies = await asyncio.gather(*(client.login(email or tenant.people[0], f"guess {n}") for n in range(times)))
    return sorted(reply.code for reply in replies)


async def test_ten_guesses_are_free_even_at_the_same_time(tenant, tracker, door: httpx.AsyncClient) -> None:
    assert await guess(tracker, tenant, ATTEMPTS_FROM_ONE_PLACE + 5) == [401] * ATTEMPTS_FROM_ONE_PLACE + [429] * 5
    body = {"email": tenant.people[0], "password": tenant.password}
    reply = await door.post("/api/login", json=body, headers={"X-Company-Key": tenant.key})
    assert (reply.status_code, reply.json()) == (429, {"status": False, "message": TOO_MANY})
    assert 1 <= int(reply.headers["retry-after"]) <= 900


async def test_an_unknown_account_answers_the_same(tenant, tracker) -> None:
    codes = await guess(tracker, tenant, ATTEMPTS_FROM_ONE_PLACE + 2, "nobody@acme.example")
    assert codes == [401] * ATTEMPTS_FROM_ONE_PLACE + [429] * 2


async def test_the_right_password_starts_again(tenant, tracker) -> None:
    for _ in range(3):
        await guess(tracker, tenant, ATTEMPTS_FROM_ONE_PLACE - 1)
        assert (await tracker(tenant.key).login(tenant.people[0], tenant.password)).ok


async def test_nobody_else_is_held_up(tenant, tracker, api, new_tenant) -> None:
    await guess(tracker, tenant, ATTEMPTS_FROM_ONE_PLACE + 1)
    assert (await tracker(tenant.key).login(tenant.people[1], tenant.password)).ok
    elsewhere = httpx.ASGITransport(api, client=("192.0.2.7", 1))
    async with httpx.AsyncClient(transport=elsewhere, base_url="http://gateway") as client:
        body = {"email": tenant.people[0], "password": tenant.password}
        reply = await client.post("/api/login", json=body, headers={"X-Company-Key": tenant.key})
        assert reply.status_code == 200
    other = await new_tenant()
    assert (await tracker(other.key).login(tenant.people[0], "guess")).code == 401


async def test_from_many_places_an_account_has_fifty(tenant, engine) -> None:
    for number in range(ATTEMPTS):
        async with guarded(engine, tenant.company_id, subjects(tenant.people[0], f"192.0.2.{number}")):
            pass
    with pytest.raises(RateLimited, match="quarter of an hour"):
        async with guarded(engine, tenant.company_id, subjects(tenant.people[0], "192.0.2.200")):
            pytest.fail("the password must not be looked at")


async def test_after_a_quarter_of_an_hour_one_may_try_again(tenant, tracker, superuser, stored) -> None:
    await guess(tracker, tenant, ATTEMPTS_FROM_ONE_PLACE + 1)
    async with superuser.begin() as tx:
        statement = text("UPDATE sign_in_attempt SET since = since - CAST(:ago AS interval) WHERE company_id = :id")
        await tx.execute(statement, {"ago": timedelta(minutes=15), "id": tenant.company_id})
    assert (await tracker(tenant.key).login(tenant.people[1], "guess")).code == 401
    assert len(await stored("sign_in_attempt", tenant.company_id)) == 2, "the old ones are gone"
    assert (await tracker(tenant.key).login(tenant.people[0], tenant.password)).ok


async def test_polls_with_an_old_token_ban_nobody(tenant, tracker) -> None:
    """A desktop asks for tasks every five seconds to the end of its process, long after the sign-out."""
    client = tracker(tenant.key)
    body = {"id": 1, "active_token": "an old one"}
    replies = await asyncio.gather(*(client.post("tasks/get", body) for _ in range(ATTEMPTS_FROM_ONE_PLACE * 3)))
    assert {reply.code for reply in replies} == {401}
    assert (await client.login(tenant.people[0], tenant.password)).ok


async def test_a_crowd_is_asked_to_wait(tenant, tracker, engine, monkeypatch) -> None:
    monkeypatch.setattr(guard_sign_in, "LONGEST_LINE", 1)
    attempt = subjects(tenant.people[0], "here")
    async with guarded(engine, tenant.company_id, attempt):
        with pytest.raises(Unavailable):
            async with guarded(engine, tenant.company_id, attempt):
                pytest.fail("there is no place in line")
        reply = await tracker(tenant.key).login(tenant.people[0], tenant.password)
        assert (reply.code, reply.body["status"]) == (503, False)
    assert (await tracker(tenant.key).login(tenant.people[0], tenant.password)).ok
