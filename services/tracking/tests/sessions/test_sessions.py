"""Work sessions from start to end: ids of either type, repeated stops, silence, and wrong clocks."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.tracking.tests.fixtures.gateway import Clock, Seat, Sit
from services.tracking.tests.fixtures.platform import ChangeAccess, NewTenant, ReadRows, Tenant
from testkit.waiting import eventually
from tracker_client import stamp
from tracking.devices.store.devices import Device
from tracking.devices.use_cases.authenticate import Authenticator
from tracking.gateway.api.context import Gateway
from tracking.sessions.use_cases.lifecycle import end_silent_sessions

ENDED = {"status": False, "message": "This work session has ended"}


@pytest.fixture
async def session(stored: ReadRows) -> Callable[[Seat], Awaitable[Mapping[str, Any]]]:
    """`await session(seat)` is the kept session."""

    async def find(seat: Seat) -> Mapping[str, Any]:
        (employee,) = [
            row for row in await stored("work_session", seat.company_id) if row["number"] == int(seat.session)
        ]
        return employee

    return find


async def test_a_start_answers_a_positive_number(
    tenant: Tenant, sit: Sit, session: Callable[[Seat], Awaitable[Mapping[str, Any]]]
) -> None:
    seat = await sit(tenant)
    assert type(seat.session) is int
    assert seat.session > 0
    found = await session(seat)
    assert found["ended_at"] is None
    assert abs(found["started_at"] - datetime.now(UTC)) < timedelta(minutes=1)


async def test_ids_travel_as_strings_and_as_integers(tenant: Tenant, sit: Sit) -> None:
    seat = await sit(tenant)
    token = {"active_token": seat.account.token}
    for number in (seat.session, str(seat.session)):
        poll = await seat.tracker.post("check-session-active", {"session_id": number, "employee_id": "1", **token})
        assert (poll.code, poll.fields["status"]) == (200, True)
        upload = await seat.tracker.post("upload/employee-activity", {"work_session_id": number, **token})
        assert upload.ok
    stop = {"session_id": str(seat.session), "session_end": stamp(datetime.now(UTC)), **token}
    assert (await seat.tracker.post("work-session/stop", stop)).ok


async def test_the_ids_in_the_body_open_nothing(
    tenant: Tenant, sit: Sit, session: Callable[[Seat], Awaitable[Mapping[str, Any]]]
) -> None:
    seat, colleague = await sit(tenant), await sit(tenant, 1)
    body = {
        "employee_id": str(colleague.account.id),
        "company_id": "1",
        "active_token": seat.account.token,
        "session_start": stamp(datetime.now(UTC)),
    }
    seat.session = (await seat.tracker.post("work-session/create", body)).fields["data"]["id"]
    assert (await session(seat))["employee_id"] != (await session(colleague))["employee_id"]


async def test_stopping_twice_is_no_error_and_keeps_the_first_end(
    tenant: Tenant, sit: Sit, session: Callable[[Seat], Awaitable[Mapping[str, Any]]]
) -> None:
    seat = await sit(tenant)
    end = datetime.now(UTC).replace(microsecond=0)
    for moment in (end, end + timedelta(hours=1), end - timedelta(hours=1)):
        stop = await seat.tracker.stop_session(seat.account, seat.session, moment)
        assert (stop.code, stop.fields["status"]) == (200, True)
    found = await session(seat)
    assert found["ended_at"] == max(end, found["started_at"])
    assert found["ended_by"] == "TRACKER"


async def test_an_ended_session_says_so_and_takes_late_rows(tenant: Tenant, sit: Sit) -> None:
    seat = await sit(tenant)
    await seat.tracker.stop_session(seat.account, seat.session, datetime.now(UTC))
    poll = await seat.tracker.check_session_active(seat.account, seat.session)
    assert (poll.code, poll.body) == (200, ENDED)
    assert await seat.is_heard()


@pytest.mark.parametrize("wrong", [timedelta(days=-9), timedelta(hours=3), timedelta(days=365)])
async def test_a_wrong_clock_is_measured_at_the_start(
    tenant: Tenant, sit: Sit, session: Callable[[Seat], Awaitable[Mapping[str, Any]]], clock: Clock, wrong: timedelta
) -> None:
    clock.now = datetime.now(UTC).replace(microsecond=250_000)
    seat = await sit(tenant)
    started = clock.now
    reply = await seat.tracker.create_session(seat.account, clock.now + wrong)
    seat.session = reply.fields["data"]["id"]
    clock.now += timedelta(minutes=30)
    await seat.tracker.stop_session(seat.account, seat.session, clock.now + wrong)
    found = await session(seat)
    assert abs(found["started_at"] - started) < timedelta(seconds=1)
    assert abs(found["ended_at"] - clock.now) < timedelta(seconds=1)


async def test_only_a_clock_that_was_measured_anew_is_read_again(
    tenant: Tenant, sit: Sit, clock: Clock, authenticator: Authenticator
) -> None:
    async def known() -> bool:
        return await authenticator.device(tenant.company_id, seat.account.token) is remembered()

    def remembered() -> Device | None:
        return authenticator.remembered(tenant.company_id, seat.account.token)

    clock.now = datetime.now(UTC)
    seat = await sit(tenant)
    await eventually(known)
    assert (await seat.tracker.create_session(seat.account, clock.now + timedelta(seconds=2))).ok
    assert remembered() is not None, "the first upload takes the fast path"
    assert (await seat.tracker.create_session(seat.account, clock.now + timedelta(hours=2))).ok
    assert remembered() is None


async def test_it_never_ends_in_the_future_or_before_its_start(
    tenant: Tenant, sit: Sit, session: Callable[[Seat], Awaitable[Mapping[str, Any]]]
) -> None:
    for absurd in ("2199-12-31 23:59:59", "1980-01-01 00:00:00"):
        seat = await sit(tenant)
        body = {"session_id": seat.session, "active_token": seat.account.token, "session_end": absurd}
        assert (await seat.tracker.post("work-session/stop", body)).ok
        found = await session(seat)
        assert found["started_at"] <= found["ended_at"] <= datetime.now(UTC)


@pytest.fixture
async def silence(superuser: AsyncEngine) -> Callable[..., Awaitable[datetime]]:
    """`await silence(*seats)`: nothing was heard of their sessions for six minutes; returns when it was."""

    async def silence(*seats: Seat) -> datetime:
        last_seen = datetime.now(UTC) - timedelta(minutes=6)
        statement = text("UPDATE work_session SET started_at = :at, last_seen_at = :at WHERE number = ANY(:numbers)")
        async with superuser.begin() as tx:
            await tx.execute(statement, {"at": last_seen, "numbers": [seat.session for seat in seats]})
        return last_seen

    return silence


@pytest.fixture
def end_silent(gateway: Gateway, engine: AsyncEngine, dispatch: AsyncEngine) -> Callable[[], Awaitable[int]]:
    """`await end_silent()`: what the gateway and the aggregator do every few seconds."""

    async def end_silent() -> int:
        await gateway.heartbeats.write_sessions()
        return await end_silent_sessions(engine, dispatch)

    return end_silent


async def test_silence_ends_a_session_at_its_last_sign_of_life(
    tenant: Tenant,
    sit: Sit,
    session: Callable[[Seat], Awaitable[Mapping[str, Any]]],
    silence: Callable[..., Awaitable[datetime]],
    end_silent: Callable[[], Awaitable[int]],
) -> None:
    silent, alive = await sit(tenant), await sit(tenant)
    last_seen = await silence(silent, alive)
    assert (await alive.tracker.check_session_active(alive.account, alive.session)).ok
    assert await end_silent() >= 1
    found = await session(silent)
    assert (found["ended_at"], found["ended_by"]) == (last_seen, "SILENCE")
    assert (await session(alive))["ended_at"] is None


async def test_a_session_that_was_only_cut_off_goes_on(
    tenant: Tenant,
    sit: Sit,
    session: Callable[[Seat], Awaitable[Mapping[str, Any]]],
    silence: Callable[..., Awaitable[datetime]],
    end_silent: Callable[[], Awaitable[int]],
) -> None:
    seat = await sit(tenant)
    await silence(seat)
    await end_silent()
    assert (await seat.tracker.check_session_active(seat.account, seat.session)).ok
    assert (await session(seat))["ended_at"] is None
    assert (await seat.tracker.check_session_active(seat.account, seat.session)).ok
    await end_silent()
    assert (await session(seat))["ended_at"] is None


async def test_a_stop_after_silence_says_when_it_really_ended(
    tenant: Tenant,
    sit: Sit,
    session: Callable[[Seat], Awaitable[Mapping[str, Any]]],
    silence: Callable[..., Awaitable[datetime]],
    end_silent: Callable[[], Awaitable[int]],
) -> None:
    seat = await sit(tenant)
    await silence(seat)
    await end_silent()
    assert (await seat.tracker.stop_session(seat.account, seat.session, datetime.now(UTC))).ok
    assert (await session(seat))["ended_by"] == "TRACKER"
    assert not (await seat.tracker.check_session_active(seat.account, seat.session)).ok


async def test_a_new_session_ends_the_devices_older_one(
    new_tenant: NewTenant, sit: Sit, stored: ReadRows, suspend: ChangeAccess, reactivate: ChangeAccess
) -> None:
    own = await new_tenant()
    seat = await sit(own)
    await suspend(own)
    assert not (await seat.tracker.check_session_active(seat.account, seat.session)).fields["status"]
    assert (await seat.tracker.stop_session(seat.account, seat.session, datetime.now(UTC))).ok, "but nothing is stored"
    await reactivate(own)
    old = seat.session
    assert (await seat.tracker.create_session(seat.account, datetime.now(UTC))).ok
    running = [row["number"] for row in await stored("work_session", own.company_id) if row["ended_at"] is None]
    assert len(running) == 1
    assert old not in running
    assert not (await seat.tracker.check_session_active(seat.account, old)).fields["status"], "it does not go on"


async def test_of_sessions_that_begin_at_once_one_runs(new_tenant: NewTenant, sit: Sit, stored: ReadRows) -> None:
    own = await new_tenant()
    seat = await sit(own)
    starts = (seat.tracker.create_session(seat.account, datetime.now(UTC)) for _ in range(8))
    assert all(reply.ok for reply in await asyncio.gather(*starts))
    rows = await stored("work_session", own.company_id)
    assert (len(rows), len([row for row in rows if row["ended_at"] is None])) == (9, 1)


async def test_one_that_was_silent_does_not_go_on_beside_a_new_one(
    tenant: Tenant,
    sit: Sit,
    session: Callable[[Seat], Awaitable[Mapping[str, Any]]],
    silence: Callable[..., Awaitable[datetime]],
    end_silent: Callable[[], Awaitable[int]],
    gateway: Gateway,
) -> None:
    seat = await sit(tenant)
    await silence(seat)
    await end_silent()
    assert (await seat.tracker.create_session(seat.account, datetime.now(UTC))).ok
    assert not (await seat.tracker.check_session_active(seat.account, seat.session)).fields["status"]
    await gateway.heartbeats.write_sessions()
    assert (await session(seat))["ended_by"] == "NEXT"


async def test_uploads_are_heartbeats(
    tenant: Tenant, sit: Sit, session: Callable[[Seat], Awaitable[Mapping[str, Any]]], gateway: Gateway
) -> None:
    seat = await sit(tenant)
    before = (await session(seat))["last_seen_at"]
    assert await seat.is_heard()
    await gateway.heartbeats.write_sessions()
    assert (await session(seat))["last_seen_at"] > before
