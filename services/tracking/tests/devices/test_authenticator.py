"""The authenticator's memory: devices are remembered while notifications of changes arrive."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.lifecycle import repeat
from tracking.db.store.scope import company_scope
from tracking.devices.store import devices
from tracking.devices.use_cases import authenticate
from tracking.devices.use_cases.authenticate import Authenticator
from tracking.devices.use_cases.devices import revoke_device

BACKENDS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT 1' OR query LIKE 'LISTEN%'"


@pytest.fixture
async def deaf(engine: AsyncEngine) -> Authenticator:
    """One that does not listen."""
    return Authenticator(engine)


@pytest.fixture
async def listening(engine: AsyncEngine, eventually: Any) -> AsyncIterator[Authenticator]:
    authenticator = Authenticator(engine)
    following = asyncio.create_task(repeat("follow devices", authenticator.follow_changes, idle=0))

    async def begun() -> bool:
        return authenticator._confirmed > 0

    await eventually(begun)
    yield authenticator
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


@pytest.fixture
async def seat(new_tenant: Any, sit: Any) -> Any:
    return await sit(await new_tenant(people=2))


@pytest.fixture
def forgotten(eventually: Any, seat: Any):
    """`await forgotten(authenticator)` returns once it remembers the seat's token no longer."""

    async def wait(authenticator: Authenticator) -> None:
        async def gone() -> bool:
            return authenticator.remembered(seat.company_id, seat.account.token) is None

        await eventually(gone)

    return wait


async def known(authenticator: Authenticator, seat: Any) -> devices.Device:
    found = await authenticator.device(seat.company_id, seat.account.token)
    assert found is not None
    return found


async def test_a_device_is_asked_for_once(listening: Authenticator, seat) -> None:
    found = await known(listening, seat)
    assert listening.remembered(seat.company_id, seat.account.token) is found


async def test_who_does_not_listen_remembers_nothing(deaf: Authenticator, seat) -> None:
    await known(deaf, seat)
    assert deaf.remembered(seat.company_id, seat.account.token) is None


async def test_a_revoked_device_is_forgotten(listening: Authenticator, engine, seat, forgotten) -> None:
    device = await known(listening, seat)
    await revoke_device(engine, seat.company_id, device.device_id, datetime.now(UTC))
    await forgotten(listening)
    assert await listening.device(seat.company_id, seat.account.token) is None


async def test_so_is_that_of_an_inactive_account(listening: Authenticator, superuser, seat, forgotten) -> None:
    device = await known(listening, seat)
    async with superuser.begin() as tx:
        statement = text("UPDATE employee SET active = false WHERE employee_id = :id")
        await tx.execute(statement, {"id": device.employee_id})
    await forgotten(listening)
    assert await listening.device(seat.company_id, seat.account.token) is None


async def test_a_clock_that_was_measured_anew(listening: Authenticator, engine, seat, forgotten) -> None:
    device = await known(listening, seat)
    offset = device.clock_offset + timedelta(minutes=3)
    async with company_scope(engine, seat.company_id) as tx:
        await devices.set_clock_offset(tx, device.device_id, offset)
    await forgotten(listening)
    assert await known(listening, seat) == replace(device, clock_offset=offset)


async def test_another_companys_devices_stay(listening: Authenticator, engine, seat, new_tenant, sit) -> None:
    other = await sit(await new_tenant())
    kept, device = await known(listening, other), await known(listening, seat)
    await revoke_device(engine, seat.company_id, device.device_id, datetime.now(UTC))
    assert await known(listening, other) is kept
    assert await listening.device(seat.company_id, other.account.token) is None, "a token opens its own company only"


async def test_who_lost_the_connection_begins_anew(listening, superuser, seat, forgotten, eventually) -> None:
    await known(listening, seat)
    async with superuser.begin() as tx:
        await tx.execute(text(BACKENDS))
    await forgotten(listening)

    async def again() -> bool:
        await known(listening, seat)
        return listening.remembered(seat.company_id, seat.account.token) is not None

    await eventually(again)


async def test_silence_is_no_confirmation(listening: Authenticator, seat, monkeypatch) -> None:
    await known(listening, seat)
    monkeypatch.setattr(authenticate, "MAX_STALE_SECONDS", -1.0)  # as after a while without an answer
    assert listening.remembered(seat.company_id, seat.account.token) is None


async def test_what_changes_while_it_is_read_is_not_remembered(
    listening, engine, seat, monkeypatch, forgotten, eventually
) -> None:
    async def heard() -> bool:
        return listening._forgotten > before

    read = devices.by_token

    async def read_and_revoke(tx: Any, digest: bytes) -> devices.Device | None:
        device = await read(tx, digest)
        assert device is not None
        await revoke_device(engine, seat.company_id, device.device_id, datetime.now(UTC))
        await eventually(heard)
        return device

    before = listening._forgotten
    monkeypatch.setattr(devices, "by_token", read_and_revoke)
    await known(listening, seat)
    await forgotten(listening)


async def test_no_more_than_so_many(listening: Authenticator, seat, new_tenant, sit, monkeypatch) -> None:
    monkeypatch.setattr(authenticate, "CAPACITY", 1)
    await known(listening, seat)
    other = await sit(await new_tenant())
    await known(listening, other)
    assert listening.remembered(seat.company_id, seat.account.token) is None
    assert listening.remembered(other.company_id, other.account.token) is not None
