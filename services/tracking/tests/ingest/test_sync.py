"""Batches of records: each record has its own outcome, and every second counts once."""

import asyncio
import gzip
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from backports import zstd
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import Unavailable
from services.tracking.tests.fixtures.gateway import Clock, CountSeconds, Sit
from services.tracking.tests.fixtures.native import Enrol
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, SetPolicy, Tenant
from tracker_client import NativeAgent
from tracking.gateway.api.context import Gateway
from tracking.ingest.api import sync
from tracking.ingest.messages.sync import MAX_RECORDS
from tracking.ingest.use_cases.group_commit import GroupCommit

PATH = "/v1/sync"


def outcomes(agent: NativeAgent) -> list[str]:
    return [result["outcome"] for result in agent.results]


def reasons(agent: NativeAgent) -> list[str]:
    return [result.get("reason", "") for result in agent.results]


def later(start: datetime, seconds: float) -> datetime:
    return start + timedelta(seconds=seconds)


@pytest.fixture
async def at_work(own: Tenant, enrol: Enrol, native_clock: Clock) -> NativeAgent:
    """An agent that was enrolled at eight, and the clock an hour later."""
    agent = await enrol(own)
    native_clock.now += timedelta(hours=1)
    return agent


async def test_a_day_of_all_kinds_is_stored_once(
    at_work: NativeAgent, own: Tenant, native_clock: Clock, stored: ReadRows, counted: CountSeconds
) -> None:
    agent, start = at_work, native_clock.now - timedelta(minutes=30)
    session = agent.start(start)
    agent.record("activity", kind="active", start=start, end=later(start, 600))
    agent.record("activity", kind="idle", start=later(start, 600), end=later(start, 700))
    agent.record("application", name="Editor", title="notes", start=start, end=later(start, 300))
    agent.record(
        "website", domain="a.example", url="https://a.example/x", start=later(start, 300), end=native_clock.now
    )
    agent.stop(later(start, 700))
    kept = dict(agent.outbox)
    assert (await agent.sync(native_clock.now)).status_code == 200
    assert outcomes(agent) == ["stored"] * 6
    assert not agent.outbox
    agent.outbox = dict(kept)
    assert (await agent.sync(native_clock.now)).status_code == 200
    assert outcomes(agent) == ["duplicate"] * 6
    (totals,) = (await counted(own)).values()
    assert totals == {"ACTIVE": 600, "INACTIVE": 100, "sessions": 1}
    usage = {row["kind"]: row for row in await stored("usage_record", own.company_id)}
    assert (usage["a"]["name"], usage["a"]["detail"], usage["a"]["seconds"]) == ("Editor", "notes", 300)
    assert (usage["w"]["name"], usage["w"]["seconds"]) == ("a.example", 1500)
    (row,) = await stored("work_session", own.company_id)
    assert (str(row["session_id"]), row["started_at"], row["ended_at"]) == (session, start, later(start, 700))
    agent.outbox = dict(kept)
    await agent.sync(native_clock.now)
    assert outcomes(agent) == ["duplicate"] * 6, "also when they have been folded"


async def test_a_bad_record_never_blocks_the_rest(
    at_work: NativeAgent, native_clock: Clock, native_client: httpx.AsyncClient
) -> None:
    now = native_clock.now
    good = {"type": "activity", "kind": "active", "start": later(now, -60).isoformat(), "end": now.isoformat()}
    one, two = ({"id": str(uuid.uuid4()), **good} for _ in range(2))
    bad: Any = [
        7,
        None,
        "text",
        [],
        {},
        {"id": "no uuid", **good},
        {"id": str(uuid.uuid4()), **good, "type": "sleep"},
        {"id": str(uuid.uuid4()), **good, "kind": "asleep"},
        {"id": str(uuid.uuid4()), **good, "end": "yesterday"},
        {"id": str(uuid.uuid4()), **good, "end": "2026-01-05T09:00:00"},
        {"id": str(uuid.uuid4()), "type": "website", "start": good["start"], "end": good["end"]},
    ]
    batch = {"sent_at": now.isoformat(), "records": [one, *bad, two]}
    reply = await native_client.post(PATH, content=json.dumps(batch), headers=at_work.headers)
    assert reply.status_code == 200
    results = reply.json()["results"]
    assert [result["outcome"] for result in results] == ["stored", *["refused"] * len(bad), "stored"]
    assert {result["reason"] for result in results[1:-1]} == {"invalid"}
    assert [result["id"] for result in results[7:-1]] == [record["id"] for record in bad[6:]]
    assert results[6]["id"] is None
    assert all(result["detail"] for result in results[1:-1])
    body = json.dumps({**batch, "records": [bad[6], two]}).encode().replace(b"sleep", b"\xff\xfe")
    results = (await native_client.post(PATH, content=body, headers=at_work.headers)).json()["results"]
    assert [result["outcome"] for result in results] == ["refused", "duplicate"]


@pytest.mark.parametrize("text", ["\ud83d", "\x00", "x" * 100_000], ids=["half", "zero", "long"])
async def test_texts_that_cannot_be_stored_are_repaired(
    at_work: NativeAgent,
    own: Tenant,
    native_clock: Clock,
    native_client: httpx.AsyncClient,
    stored: ReadRows,
    text: str,
) -> None:
    now = native_clock.now
    at_work.record("activity", kind="active", start=later(now, -5), end=now)
    at_work.record("application", name="TEXT", title="TEXT", start=later(now, -5), end=now)
    body = json.dumps({"sent_at": now.isoformat(), "records": list(at_work.outbox.values())})
    sent = body.replace("TEXT", json.dumps(text)[1:-1])
    reply = await native_client.post(PATH, content=sent, headers=at_work.headers)
    assert [result["outcome"] for result in reply.json()["results"]] == ["stored", "stored"]
    (row,) = await stored("usage_record", own.company_id)
    assert row["name"].isprintable()


async def test_what_cannot_have_been_then_is_refused_for_itself(at_work: NativeAgent, native_clock: Clock) -> None:
    agent, now = at_work, native_clock.now
    wrong = {
        "in_the_future": (later(now, -60), later(now, 60)),
        "before_enrolment": (later(now, -3700), later(now, -3000)),
        "no_time": (now, now),
        "impossible_time": (datetime(1, 1, 1, tzinfo=UTC), now),
    }
    for start, end in wrong.values():
        agent.record("activity", kind="active", start=start, end=end)
    agent.record("activity", kind="active", start=later(now, -0.9).replace(microsecond=0), end=now)
    agent.record("session_end", session_id=str(uuid.uuid4()), at=now)
    agent.record("session_start", at=later(now, 3600))
    await agent.sync(now)
    assert reasons(agent) == [*wrong, "", "unknown_session", "in_the_future"]
    native_clock.now += timedelta(days=3)
    agent.record("activity", kind="idle", start=now, end=now + timedelta(hours=25))
    await agent.sync(native_clock.now)
    assert reasons(agent) == ["too_long"]


@pytest.mark.parametrize("wrong", [timedelta(hours=23), -timedelta(hours=23), timedelta(seconds=40)])
async def test_a_wrong_clock_is_corrected(
    at_work: NativeAgent, own: Tenant, native_clock: Clock, stored: ReadRows, counted: CountSeconds, wrong: timedelta
) -> None:
    agent, start = at_work, native_clock.now - timedelta(minutes=10)
    agent.record("activity", kind="active", start=start + wrong, end=start + wrong + timedelta(seconds=60))
    await agent.sync(native_clock.now + wrong)
    agent.record("activity", kind="active", start=later(start, 60) + wrong, end=later(start, 120) + wrong)
    await agent.sync(native_clock.now + wrong + timedelta(seconds=3))  # a slow network moves nothing
    assert outcomes(agent) == ["stored"]
    (totals,) = (await counted(own)).values()
    assert totals["ACTIVE"] == 120
    assert {row["at"] for row in await stored("activity", own.company_id)} == {later(start, 60), later(start, 120)}


async def test_a_clock_that_is_days_off_is_refused_record_by_record(at_work: NativeAgent, native_clock: Clock) -> None:
    agent, wrong = at_work, native_clock.now - timedelta(days=2)
    agent.record("activity", kind="active", start=later(wrong, -60), end=wrong)
    agent.start(wrong)
    await agent.sync(wrong)
    assert reasons(agent) == ["clock_skew"] * 2
    assert not agent.outbox


async def test_overlaps_count_once_across_devices_and_protocols(
    at_work: NativeAgent, own: Tenant, native_clock: Clock, enrol: Enrol, sit: Sit, counted: CountSeconds
) -> None:
    now = native_clock.now
    second = await enrol(own)
    seat = await sit(own)
    native_clock.now += timedelta(seconds=900)
    at_work.record("activity", kind="active", start=now, end=later(now, 600))
    at_work.record("activity", kind="active", start=later(now, 300), end=later(now, 660))
    at_work.record("activity", kind="idle", start=later(now, 500), end=later(now, 800))
    second.record("activity", kind="idle", start=now, end=later(now, 840))
    tick = {"minute_type": "ACTIVE", "duration_seconds": 300, "created_at": later(now, 900).strftime("%F %T")}
    await at_work.sync(native_clock.now)
    await second.sync(native_clock.now)
    assert (await seat.upload(activities=[tick])).ok
    (totals,) = (await counted(own)).values()
    assert (totals["ACTIVE"], totals["INACTIVE"]) == (660 + 240, 0), "active before idle, every second once"


spans = st.lists(
    st.tuples(st.sampled_from(["active", "idle"]), st.integers(0, 200), st.integers(1, 60)), min_size=1, max_size=12
)


@given(batches=st.lists(spans, min_size=1, max_size=3), again=st.booleans())
@settings(max_examples=15, phases=[Phase.explicit, Phase.generate])
async def test_any_spans_are_counted_exactly(
    new_tenant: NewTenant, enrol: Enrol, native_clock: Clock, counted: CountSeconds, batches: Any, again: bool
) -> None:
    tenant = await new_tenant()
    agent = await enrol(tenant)
    start = native_clock.now
    native_clock.now += timedelta(seconds=300)
    first: dict[int, str] = {}
    for batch in batches:
        for kind, second, length in batch:
            agent.record("activity", kind=kind, start=later(start, second), end=later(start, second + length))
        kept = dict(agent.outbox)
        await agent.sync(native_clock.now)
        if again:
            agent.outbox = kept
            await agent.sync(native_clock.now)
        for wanted in ("active", "idle"):
            for kind, second, length in batch:
                if kind == wanted:
                    first |= {n: kind for n in range(second, second + length) if n not in first}
    native_clock.now -= timedelta(seconds=300)
    (totals,) = (await counted(tenant)).values()
    expected = list(first.values())
    assert (totals["ACTIVE"], totals["INACTIVE"]) == (expected.count("active"), expected.count("idle"))


async def test_sessions_belong_to_their_person(
    own: Tenant, enrol: Enrol, native_clock: Clock, stored: ReadRows
) -> None:
    one, two = await enrol(own), await enrol(own, 1)
    session = one.start(native_clock.now)
    await one.sync(native_clock.now)
    two.session_id = session
    two.stop(native_clock.now)
    two.outbox["x"] = {"type": "session_start", "id": session, "at": native_clock.now.isoformat()}
    await two.sync(native_clock.now)
    assert reasons(two) == ["unknown_session", "id_taken"]
    (row,) = await stored("work_session", own.company_id)
    assert row["ended_at"] is None


async def test_one_that_fell_silent_goes_on_when_it_is_heard_again(
    own: Tenant, enrol: Enrol, gateway: Gateway, stored: ReadRows, superuser: AsyncEngine
) -> None:
    agent = await enrol(own)
    agent.start(datetime.now(UTC))
    await agent.sync(datetime.now(UTC))
    async with superuser.begin() as tx:
        statement = "UPDATE work_session SET ended_at = now(), ended_by = 'SILENCE' WHERE company_id = :id"
        await tx.execute(text(statement), {"id": own.company_id})
    await agent.sync(datetime.now(UTC))
    await gateway.heartbeats.write_sessions()
    (row,) = await stored("work_session", own.company_id)
    assert (row["ended_at"], row["ended_by"]) == (None, None)
    agent.stop(datetime.now(UTC))
    await agent.sync(datetime.now(UTC))
    agent.session_id = str(row["session_id"])
    await agent.sync(datetime.now(UTC))
    await gateway.heartbeats.write_sessions()
    (row,) = await stored("work_session", own.company_id)
    assert row["ended_by"] == "TRACKER", "its own word is the last"


async def test_the_same_batch_twice_at_once_is_stored_once(
    at_work: NativeAgent, own: Tenant, native_clock: Clock, stored: ReadRows, counted: CountSeconds
) -> None:
    now = native_clock.now
    for second in range(200):
        agent_start = later(now, -400 + second)
        at_work.record("activity", kind="active", start=agent_start, end=later(agent_start, 1))
        at_work.record("application", name="Editor", start=agent_start, end=later(agent_start, 1))
    at_work.start(later(now, -400))
    kept = dict(at_work.outbox)
    twin = NativeAgent("http://gateway/v1", "", at_work._http)
    twin.headers, twin.outbox = at_work.headers, kept
    replies = await asyncio.gather(at_work.sync(now), twin.sync(now))
    assert [reply.status_code for reply in replies] == [200, 200]
    (totals,) = (await counted(own)).values()
    assert totals == {"ACTIVE": 200, "INACTIVE": 0, "sessions": 1}
    assert len(await stored("usage_record", own.company_id)) == 200


async def test_what_the_policy_does_not_want_is_refused(own: Tenant, enrol: Enrol, set_policy: SetPolicy) -> None:
    agent = await enrol(own)
    await set_policy(own, website_tracking_enabled=False)
    now = later(datetime.now(UTC), 5)
    agent.record("website", domain="a.example", start=later(now, -5), end=now)
    agent.record("application", name="Editor", start=later(now, -5), end=now)
    await agent.sync(now)
    assert reasons(agent) == ["switched_off", ""]


@pytest.mark.parametrize("encoding", [None, "identity", "gzip", "zstd", "GZIP"])
async def test_encodings(agent: NativeAgent, native_client: httpx.AsyncClient, encoding: str | None) -> None:
    body = json.dumps({"sent_at": datetime.now(UTC).isoformat(), "records": []}).encode()
    packers: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}
    pack = packers.get((encoding or "").lower(), bytes)
    headers = agent.headers | ({"Content-Encoding": encoding} if encoding else {})
    assert (await native_client.post(PATH, content=pack(body), headers=headers)).status_code == 200


def bombs() -> dict[str, tuple[str, bytes, int]]:
    zeros = bytes(200 * 1024 * 1024)
    packed, packed_zstd = gzip.compress(zeros, 9), zstd.compress(zeros)
    options: dict[int, int] = {
        zstd.CompressionParameter.window_log: 27,
        zstd.CompressionParameter.enable_long_distance_matching: 1,
    }
    good = gzip.compress(b"{}")
    return {
        "gzip": ("gzip", packed, 413),
        "zstd": ("zstd", packed_zstd, 413),
        "gzip in gzip": ("gzip", gzip.compress(packed), 400),
        "a window of 128 MiB": ("zstd", zstd.compress(zeros, options=options), 400),
        "cut": ("gzip", good[:-4], 400),
        "cut zstd": ("zstd", zstd.compress(b"{}" * 50)[:-3], 400),
        "two streams": ("gzip", good + good, 400),
        "something after its end": ("zstd", zstd.compress(b"{}") + b"x", 400),
        "no gzip": ("gzip", b"{}", 400),
        "no zstd": ("zstd", b"{}", 400),
        "empty": ("gzip", b"", 400),
        "unknown": ("br", b"{}", 415),
        "several": ("gzip, gzip", gzip.compress(good), 415),
        "large": ("identity", b" " * (sync.MAX_BODY_BYTES + 1), 413),
    }


@pytest.mark.parametrize("name", list(bombs()))
async def test_bombs_and_broken_bodies_are_refused(
    agent: NativeAgent, native_client: httpx.AsyncClient, name: str
) -> None:
    encoding, body, code = bombs()[name]
    reply = await native_client.post(PATH, content=body, headers=agent.headers | {"Content-Encoding": encoding})
    assert (reply.status_code, reply.json()["status"]) == (code, code)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"null", b"{", b'{"records": []}', b'{"sent_at": "now", "records": []}', b"\xff\xfe"),
        b"[" * 5000,
    ],
)
async def test_what_is_no_batch_is_refused_whole(
    agent: NativeAgent, native_client: httpx.AsyncClient, body: bytes
) -> None:
    reply = await native_client.post(PATH, content=body, headers=agent.headers)
    assert (reply.status_code, reply.json()["kind"]) == (400, "invalid_input")


async def test_too_many_records_are_to_be_split(agent: NativeAgent, native_client: httpx.AsyncClient) -> None:
    body = {"sent_at": "2026-01-05T09:00:00Z", "records": [1] * (MAX_RECORDS + 1)}
    reply = await native_client.post(PATH, json=body, headers=agent.headers)
    assert (reply.status_code, reply.json()["kind"]) == (413, "too_large")


async def test_what_is_not_stored_comes_again(
    at_work: NativeAgent, native_clock: Clock, commit: GroupCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work.record("activity", kind="active", start=later(native_clock.now, -9), end=native_clock.now)
    with monkeypatch.context() as away:

        async def store(_upload: object) -> None:
            raise Unavailable("not stored; no data is lost, try again", retry_after=1)

        away.setattr(commit, "store", store)
        reply = await at_work.sync(native_clock.now)
    assert (reply.status_code, reply.headers["retry-after"], len(at_work.outbox)) == (503, "1", 1)
    assert (await at_work.sync(native_clock.now)).status_code == 200
    assert outcomes(at_work) == ["stored"]
