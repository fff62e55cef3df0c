"""A listener receives every committed notification, or an error when it may have missed one."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit import notifications
from servicekit.notifications import listen

POLL_INTERVAL_SECONDS = 0.05
Call = tuple[float, list[str]]  # of the listener: moment and payloads


class Enough(Exception):
    """Ends the listening."""


async def notify(engine: AsyncEngine, *payloads: str, commit: bool = True) -> None:
    async with engine.connect() as connection:
        for payload in payloads:
            await connection.execute(text("SELECT pg_notify('news', :payload)"), {"payload": payload})
        await (connection.commit() if commit else connection.rollback())


async def hear(
    engine: AsyncEngine, until: int, then: Callable[[int], Awaitable[None]], channel: str = "news"
) -> list[Call]:
    """Returns the payloads of each call of the listener, up to the n-th; each call runs `then(number)`."""
    calls: list[Call] = []

    async def note(moment: float, payloads: list[str]) -> None:
        calls.append((moment, payloads))
        if len(calls) == until:
            raise Enough
        await then(len(calls))

    with pytest.raises(Enough):
        await listen(engine, channel, note, interval=POLL_INTERVAL_SECONDS)
    return calls


async def test_committed_notifications_arrive_in_order(engine: AsyncEngine) -> None:
    async def tell(number: int) -> None:
        if number == 1:
            await notify(engine, "never", commit=False)
            await notify(engine, "first", "second")
            await notify(engine, "third")

    calls = await hear(engine, 5, tell)
    assert [payload for _moment, payloads in calls for payload in payloads] == ["first", "second", "third"]


async def test_notifications_during_a_callback_arrive(engine: AsyncEngine) -> None:
    calls = await hear(engine, 6, lambda number: notify(engine, f"number {number}"))
    heard = [payload for _moment, payloads in calls for payload in payloads]
    assert heard == [f"number {number}" for number in range(1, 6)]


async def test_the_moment_advances_without_notifications(engine: AsyncEngine) -> None:
    async def nothing(_number: int) -> None: ...

    calls = await hear(engine, 3, nothing)
    moments = [moment for moment, _payloads in calls]
    assert sorted(set(moments)) == moments
    assert moments[-1] <= time.monotonic()
    assert not any(payloads for _moment, payloads in calls)


async def test_all_notifications_before_a_moment_have_arrived(engine: AsyncEngine) -> None:
    told: list[tuple[float, str]] = []
    heard: set[str] = set()

    async def note(moment: float, payloads: list[str]) -> None:
        heard.update(payloads)
        assert heard >= {payload for at, payload in told if at < moment}
        if len(told) == 40:
            raise Enough
        await notify(engine, str(len(told)))
        told.append((time.monotonic(), str(len(told))))

    with pytest.raises(Enough):
        await listen(engine, "news", note, interval=0.001)


async def test_other_channels_are_ignored(engine: AsyncEngine) -> None:
    calls = await hear(engine, 3, lambda _number: notify(engine, "not for us"), channel="other news")
    assert not any(payloads for _moment, payloads in calls)


async def test_a_lost_connection_raises_an_error(engine: AsyncEngine) -> None:
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'servicekit'"

    async def cut(_moment: float, _payloads: list[str]) -> None:
        async with engine.connect() as connection:
            await connection.execute(text(f"{others} AND pid <> pg_backend_pid()"))

    with pytest.raises(psycopg.OperationalError):
        await listen(engine, "news", cut, interval=60)


async def test_the_connection_does_not_return_to_the_pool(engine: AsyncEngine) -> None:
    async def nothing(_number: int) -> None: ...

    await hear(engine, 1, nothing)
    async with engine.connect() as connection:
        channels = (await connection.execute(text("SELECT count(*) FROM pg_listening_channels()"))).scalar()
    assert channels == 0


async def test_a_dead_connection_counts_as_lost(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "PING_TIMEOUT_SECONDS", 0.05)
    execute = psycopg.AsyncConnection.execute

    async def unanswered(self: psycopg.AsyncConnection, query: str, *more: Any, **named: Any) -> object:
        if query == "SELECT 1":
            await asyncio.Event().wait()
        return await execute(self, query, *more, **named)

    async def never(_moment: float, _payloads: list[str]) -> None:
        raise AssertionError("nothing is known")

    monkeypatch.setattr(psycopg.AsyncConnection, "execute", unanswered)
    with pytest.raises(TimeoutError):
        await listen(engine, "news", never, interval=POLL_INTERVAL_SECONDS)
