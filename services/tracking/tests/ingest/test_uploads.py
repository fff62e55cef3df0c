"""Uploads: 200 means durable whatever the rows contain; rows that cannot be counted are quarantined with a reason."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.tracking.tests.fixtures.gateway import Clock, CountSeconds, Seat, Sit
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows
from tracker_client import stamp

DURATION = "the duration is not a number of seconds that can be true"


def app(**changes: Any) -> dict[str, Any]:
    row = {
        "app_name": "Editor",
        "window_title": "notes.md",
        "active_seconds": 5,
        "created_at": stamp(datetime.now(UTC)),
    }
    return row | changes


@pytest.fixture
async def seat(new_tenant: NewTenant, sit: Sit) -> Seat:
    """Somebody in a company of its own."""
    return await sit(await new_tenant())


@pytest.fixture
def rows(seat: Seat, stored: ReadRows) -> Callable[[str], Awaitable[list[Mapping[str, Any]]]]:
    """`await rows("usage_record")`: the company's."""
    return lambda table: stored(table, seat.company_id)


async def test_the_answer_comes_after_the_rows(
    seat: Seat, rows: Callable[[str], Awaitable[list[Mapping[str, Any]]]]
) -> None:
    at = datetime.now(UTC).replace(microsecond=0)
    reply = await seat.upload(
        applications=[app()],
        websites=[{"domain": "docs.example", "url": None, "active_seconds": 3, "created_at": stamp(at)}],
        activities=[{"minute_type": "ACTIVE", "duration_seconds": 4, "created_at": stamp(at)}],
    )
    assert (reply.code, reply.body) == (200, {"status": True, "message": "3 rows stored"})
    found = {(row["kind"], row["name"], row["detail"], row["seconds"]) for row in await rows("usage_record")}
    assert found == {("a", "Editor", "notes.md", 5), ("w", "docs.example", "", 3)}
    claims = [row for row in await rows("fold_queue") if row["kind"] == "A"]
    assert [(row["seconds"], row["at"]) for row in claims] == [(4, at)]
    assert await rows("quarantine") == []


@pytest.mark.parametrize("lists", [{}, {"applications": None, "websites": None}, {"activities": []}])
async def test_nothing_to_store_is_no_error(seat: Seat, lists: dict[str, Any]) -> None:
    assert (await seat.upload(**lists)).ok


async def test_a_resend_stores_only_what_is_new(
    seat: Seat, rows: Callable[[str], Awaitable[list[Mapping[str, Any]]]]
) -> None:
    first, twins = app(window_title="first"), [app(window_title="same")] * 3
    for lists in ([first, *twins[:2]], [first, *twins[:2]], [first, *twins, app(window_title="new")]):
        assert (await seat.upload(applications=lists)).ok
    titles = sorted(row["detail"] for row in await rows("usage_record"))
    assert titles == ["first", "new", "same", "same", "same"]


async def test_the_same_rows_under_two_sessions_at_once(
    seat: Seat, rows: Callable[[str], Awaitable[list[Mapping[str, Any]]]]
) -> None:
    other = await seat.tracker.create_session(seat.account, datetime.now(UTC))
    body = seat.body(applications=[app(window_title=str(number)) for number in range(50)])
    bodies = [body, body | {"work_session_id": other.fields["data"]["id"]}] * 4
    replies = await asyncio.gather(*(seat.tracker.post("upload/employee-activity", each) for each in bodies))
    assert all(reply.ok for reply in replies)
    assert len(await rows("usage_record")) == 50


async def test_two_desktops_of_one_person_report_the_same_stretch_once(
    new_tenant: NewTenant, sit: Sit, stored: ReadRows
) -> None:
    tenant = await new_tenant()
    laptop, tower = await sit(tenant), await sit(tenant)
    row = app()
    assert (await laptop.upload(applications=[row])).ok
    assert (await tower.upload(applications=[row])).ok
    assert len(await stored("usage_record", tenant.company_id)) == 1


async def test_rows_that_cannot_be_counted_are_kept_with_their_reason(
    seat: Seat, rows: Callable[[str], Awaitable[list[Mapping[str, Any]]]]
) -> None:
    long_ago = stamp(datetime.now(UTC) - timedelta(days=2))
    tick = {"minute_type": "ACTIVE", "duration_seconds": 5, "created_at": stamp(datetime.now(UTC))}
    lists = {
        "applications": [app(created_at=long_ago), app(active_seconds=-1), app(created_at="soon"), "row"],
        "activities": [
            tick | {"created_at": long_ago},
            tick | {"duration_seconds": 3600},
            tick | {"minute_type": "BUSY"},
            tick | {"duration_seconds": 0},
            tick | {"created_at": "9999-12-31 23:59:59"},
        ],
    }
    for _ in range(2):
        assert (await seat.upload(**lists)).ok
    reasons = sorted(row["reason"] for row in await rows("quarantine"))
    assert reasons == sorted(
        [
            "older than the log-in: another person's",
            "older than the log-in: another person's",
            DURATION,
            "created_at is not a time",
            "not an object",
            "longer than the time since the log-in",
            "minute_type is neither ACTIVE nor INACTIVE",
            "no duration",
            "created_at is not a time that can be true",
        ]
    )
    assert all(row["payload"] for row in await rows("quarantine"))


async def test_what_only_a_lenient_reader_reads(
    seat: Seat, gateway_client: httpx.AsyncClient, rows: Callable[[str], Awaitable[list[Mapping[str, Any]]]]
) -> None:
    now = stamp(datetime.now(UTC))
    odd = (
        f'{{"app_name": "cut \\ud83d", "window_title": "nul \\u0000", "active_seconds": 5, "created_at": "{now}"}},'
        f'{{"app_name": "none", "window_title": "", "active_seconds": NaN, "created_at": "{now}"}},'
        f'{{"app_name": "much", "window_title": "", "active_seconds": 1e999, "created_at": "{now}"}},'
        f'{{"app_name": "more", "window_title": "", "active_seconds": {"9" * 400}, "created_at": "{now}"}}'
    )
    slipped = f'{{"domain": "docs.example", "url": 7, "active_seconds": "{now}", "created_at": null}}'
    body = json.dumps(seat.body())[:-1] + f', "applications": [{odd}], "websites": [{slipped}]}}'
    reply = await gateway_client.post(
        "/api/upload/employee-activity", content=body.encode(), headers={"X-Company-Key": seat.key}
    )
    assert (reply.status_code, reply.json()["message"]) == (200, "5 rows stored, 3 of them not counted")
    kept = {(row["name"], row["detail"], row["seconds"]) for row in await rows("usage_record")}
    assert kept == {("cut ?", "nul ", 5), ("docs.example", "", 7)}
    assert [row["reason"] for row in await rows("quarantine")] == [DURATION] * 3


async def test_days_of_rows_after_an_outage_are_taken_at_once(
    seat: Seat, rows: Callable[[str], Awaitable[list[Mapping[str, Any]]]]
) -> None:
    titles = [f"{'long title ' * 30}{number}" for number in range(20_000)]
    reply = await seat.upload(applications=[app(window_title=title) for title in titles])
    assert (reply.code, reply.fields["message"]) == (200, "20000 rows stored")
    assert len(await rows("usage_record")) == 20_000
    assert await seat.is_heard()


async def test_ten_hours_offline_count_exactly_and_sent_again_change_nothing(
    new_tenant: NewTenant, sit: Sit, clock: Clock, stored: ReadRows, counted: CountSeconds
) -> None:
    tenant = await new_tenant()
    seat = await sit(tenant)
    start = clock.now
    clock.now += timedelta(hours=10)
    times = [stamp(start + timedelta(seconds=second)) for second in range(1, 36_001)]
    lists = {
        "applications": [app(active_seconds=1, created_at=at) for at in times],
        "websites": [
            {"domain": "a.example", "url": None, "active_seconds": 1, "created_at": at} for at in times[:3997]
        ],
        "activities": [
            {"minute_type": "ACTIVE", "duration_seconds": 30_000, "created_at": times[-1]},
            {"minute_type": "INACTIVE", "duration_seconds": 5_000, "created_at": times[20_000]},
            {"minute_type": "ACTIVE", "duration_seconds": 1_000, "created_at": times[-1]},
        ],
    }
    for _ in range(2):
        reply = await seat.upload(**lists)
        assert (reply.code, reply.fields["message"]) == (200, "40000 rows stored")
        assert list((await counted(tenant)).values()) == [{"ACTIVE": 31_000, "INACTIVE": 5_000, "sessions": 1}]
        records = await stored("usage_record", tenant.company_id)
        assert (len(records), sum(row["seconds"] for row in records)) == (39_997, 39_997)
    assert await stored("quarantine", tenant.company_id) == []


async def test_a_next_persons_token_does_not_count_the_last_ones_rows(
    new_tenant: NewTenant, sit: Sit, stored: ReadRows, clock: Clock
) -> None:
    tenant = await new_tenant(people=2)
    clock.now = datetime.now(UTC)
    await sit(tenant)
    leftovers = {"minute_type": "ACTIVE", "duration_seconds": 9, "created_at": stamp(clock.now)}
    clock.now += timedelta(minutes=1)
    ben = await sit(tenant, 1)
    clock.now += timedelta(seconds=30)
    own = {"minute_type": "ACTIVE", "duration_seconds": 20, "created_at": stamp(clock.now)}
    assert (await ben.upload(activities=[leftovers, own])).ok
    (aside,) = await stored("quarantine", tenant.company_id)
    assert aside["reason"] == "older than the log-in: another person's"
    assert [row["seconds"] for row in await stored("fold_queue", tenant.company_id) if row["kind"] == "A"] == [20]
