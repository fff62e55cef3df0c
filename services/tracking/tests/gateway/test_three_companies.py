"""Three companies that name each other's things in every call, at once and cut off anywhere: none reads or changes
a row of another, and the one that is silent stays as it is.
"""

import asyncio
import base64
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.tracking.tests.fixtures.gateway import Fold, Sit
from services.tracking.tests.fixtures.native import Enrol
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows
from testkit.pages import Page
from tracker_client import NativeAgent, stamp
from tracking.access.rules.directory import AccessDirectory
from tracking.access.worker import AccessSync
from tracking.checking.use_cases.reconcile import reconcile
from tracking.gateway.api.context import Gateway
from tracking.processes.workspace import workspace_app
from tracking.publishing.messages import company_month_event
from tracking.screenshots.store.pictures import PictureStore

TABLES = text("""
    SELECT table_name FROM information_schema.columns
    WHERE column_name = 'company_id' AND table_schema = 'public' ORDER BY table_name
""")
SCOPES = text("SELECT current_setting('app.company_id', true), current_setting('app.company_ids', true)")


def picture() -> bytes:
    file = BytesIO()
    Image.new("RGB", (16, 9), "teal").save(file, "PNG")
    return file.getvalue()


PNG = picture()


@dataclass(frozen=True)
class Player:
    """A company with a marker in everything it writes, and what others may know of it: ids, tokens, e-mails."""

    tenant: Any
    seat: Any
    agent: NativeAgent
    admin: httpx.AsyncClient
    csrf_token: str
    session: str  # of the agent
    spare: int  # another session of its person
    device: UUID
    task: int
    record: str
    shot: str  # as its agent has named it
    kept_shot: uuid.UUID

    @property
    def words(self) -> tuple[str, ...]:
        company_id: UUID = self.tenant.company_id
        return (company_id.hex, str(company_id), self.seat.account.token, self.agent.headers["Authorization"][7:])

    @property
    def key(self) -> dict[str, str]:
        return {"X-Company-Key": self.tenant.key}


def desktop_body(me: Player, other: Player, call: str) -> dict[str, Any]:
    """What a tracker says, with the other's ids wherever there is one."""
    now, word = stamp(datetime.now(UTC)), me.tenant.company_id.hex
    their = other.seat
    ids = {"employee_id": their.account.id, "company_id": their.account.company_id, "id": their.account.id}
    ids |= {"active_token": me.seat.account.token, "work_session_id": their.session, "session_id": their.session}
    row = {"app_name": word, "window_title": word, "active_seconds": 5, "created_at": now}
    tick = {"minute_type": "ACTIVE", "duration_seconds": 3, "created_at": now}
    more: Mapping[str, dict[str, Any]] = {
        "login": {"email": other.tenant.people[0], "password": me.tenant.password},
        "work-session/create": {"session_start": now},
        "work-session/stop": {"session_end": now},
        "check-session-active": {},
        "upload/employee-activity": {"applications": [row, "odd " + word], "websites": [], "activities": [tick]},
        "screenshot/upload": {"capture_time": now, "photo": base64.b64encode(PNG).decode()},
        "tasks/get": {},
        "tasks/update": {"task_id": other.task, "status": "DONE"},
    }
    return ids | more[call]


def batch(me: Player, other: Player) -> dict[str, Any]:
    """Records under the other's ids: an agent makes its own, and may make any."""
    now, word = datetime.now(UTC), me.tenant.company_id.hex
    stretch = {"start": (now - timedelta(seconds=2)).isoformat(), "end": now.isoformat()}
    records = [
        {"type": "session_start", "id": other.session, "at": now.isoformat()},
        {"type": "activity", "id": str(uuid.uuid4()), "kind": "active", **stretch},
        {"type": "application", "id": other.record, "name": word, "title": word, **stretch},
        {"type": "session_end", "id": str(uuid.uuid4()), "session_id": other.session, "at": now.isoformat()},
    ]
    return {"sent_at": now.isoformat(), "session_id": other.session, "records": records}


DESKTOP = (
    *("login", "work-session/create", "work-session/stop", "check-session-active", "upload/employee-activity"),
    *("screenshot/upload", "tasks/get", "tasks/update"),
)
NATIVE = ("sync", "screenshot", "tasks", "change task", "config", "leave")
WORKSPACE = (
    *("team", "person", "gallery", "picture", "give task", "note", "revoke"),
    *("see session", "end session", "ask to delete session", "delete session"),
)


@dataclass(frozen=True)
class Move:
    """One call, of player `me` about player `other`; `borrowed`: with the other's token; cut off after so many ms."""

    me: int
    other: int
    call: str
    borrowed: bool
    cut: int | None


moves = st.builds(
    Move,
    me=st.integers(0, 1),
    other=st.integers(0, 2),
    call=st.sampled_from((*DESKTOP, *NATIVE, *WORKSPACE, "fold")),
    borrowed=st.booleans(),
    cut=st.none() | st.integers(0, 12),
)


@pytest.fixture(scope="module")
async def players(
    new_tenant: NewTenant,
    sit: Sit,
    enrol: Enrol,
    engine: AsyncEngine,
    dispatch: AsyncEngine,
    directory: AccessDirectory,
    sync: AccessSync,
    pictures: PictureStore,
    stored: ReadRows,
) -> AsyncIterator[list[Player]]:
    """Three companies in which everything has happened once."""
    app = workspace_app(engine, dispatch, directory, sync, health=[], pictures=pictures, cookie_secure=False)
    players = []
    for _ in range(3):
        tenant = await new_tenant(people=2)
        seat, agent = await sit(tenant), await enrol(tenant, 1)
        await enrol(tenant, 1, name="Spare")
        admin = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://workspace")
        await admin.post("/login", data={"email": tenant.admin, "password": tenant.password})
        csrf_token = Page((await admin.get("/")).text).field("csrf_token").value
        task = {"title": tenant.company_id.hex, "csrf_token": csrf_token}
        assert (await admin.post(f"/team/{seat.account.id}", data=task)).status_code == 303
        spare = agent.start(datetime.now(UTC))
        session, now = agent.start(datetime.now(UTC)), datetime.now(UTC)
        record = agent.record("application", name=tenant.company_id.hex, start=now - timedelta(seconds=3), end=now)
        assert (await agent.sync(now)).status_code == 200
        shot = str(uuid.uuid4())
        put = await agent.put_screenshot(shot, PNG, session_id=session, captured_at=now, now=datetime.now(UTC))
        assert put.status_code == 201
        [given] = await stored("task", tenant.company_id)
        [device] = [row["device_id"] for row in await stored("device", tenant.company_id) if row["name"] == "Spare"]
        [number] = [
            row["number"] for row in await stored("work_session", tenant.company_id) if str(row["session_id"]) == spare
        ]
        [kept] = [row["screenshot_id"] for row in await stored("screenshot", tenant.company_id)]
        ids = session, number, device, given["number"], record, shot, kept
        players.append(Player(tenant, seat, agent, admin, csrf_token, *ids))
    yield players
    for player in players:
        await player.admin.aclose()


@pytest.fixture(scope="module")
def play(
    gateway_client: httpx.AsyncClient, native_client: httpx.AsyncClient, fold: Fold
) -> Callable[[Player, Player, Move], Awaitable[str]]:
    """`await play(me, other, move)`: all that comes back."""

    async def play(me: Player, other: Player, move: Move) -> str:
        if move.call == "fold":
            await fold(me.tenant)
            return ""
        if move.call in WORKSPACE:
            reply = await in_browser(me, other, move.call)
        elif move.call in DESKTOP:
            body = desktop_body(me, other, move.call)
            body |= {"active_token": other.seat.account.token} if move.borrowed else {}
            reply = await gateway_client.post(f"/api/{move.call}", json=body, headers=me.key)
        else:
            headers = me.key | {"Authorization": (other if move.borrowed else me).agent.headers["Authorization"]}
            reply = await by_agent(native_client, me, other, move.call, headers)
        assert reply.status_code < 500, reply.text
        if move.borrowed and me is not other and move.call in (*DESKTOP[1:], *NATIVE):
            refused = move.call in ("work-session/stop", "check-session-active") and reply.status_code == 200
            assert reply.status_code == 401 or refused, (move, reply.text)
        return reply.text

    return play


async def by_agent(
    gateway_client: httpx.AsyncClient, me: Player, other: Player, call: str, headers: dict[str, str]
) -> httpx.Response:
    now = datetime.now(UTC).isoformat()
    about = {"session_id": other.session, "captured_at": now, "sent_at": now}
    match call:
        case "sync":
            return await gateway_client.post("/v1/sync", content=json.dumps(batch(me, other)), headers=headers)
        case "screenshot":
            return await gateway_client.put(f"/v1/screenshots/{other.shot}", content=PNG, params=about, headers=headers)
        case "change task":
            return await gateway_client.patch(
                f"/v1/tasks/{other.task}", json={"status": "IN_PROGRESS"}, headers=headers
            )
        case "leave" if me is not other:
            borrowed = headers | {"Authorization": other.agent.headers["Authorization"]}
            return await gateway_client.delete("/v1/devices/current", headers=borrowed)
        case "config":
            return await gateway_client.get("/v1/config", headers=headers)
        case _:
            return await gateway_client.get("/v1/tasks", headers=headers)


async def in_browser(me: Player, other: Player, call: str) -> httpx.Response:
    person, session = f"/team/{other.seat.account.id}", f"/sessions/{other.spare}"
    forms = {
        "give task": person,
        "note": f"/tasks/{other.task}/note",
        "revoke": f"{person}/devices/{other.device}/revoke",
        "end session": f"{session}/end",
        "delete session": f"{session}/delete",
    }
    pages = {"person": person, "gallery": f"{person}/screenshots", "see session": session}
    if call in forms:
        word = me.tenant.company_id.hex
        typed = {"csrf_token": me.csrf_token, "title": word, "note": word, "version": "1"}
        reply = await me.admin.post(forms[call], data=typed)
        assert me is other or call == "revoke" or reply.status_code == 404
        return reply
    if call == "picture":
        reply = await me.admin.get(f"/screenshots/{other.kept_shot}")
        assert reply.status_code == (200 if me is other else 404)
        return httpx.Response(reply.status_code)
    if call == "ask to delete session":
        return await me.admin.get(forms["delete session"])
    return await me.admin.get(pages.get(call, "/team"))


async def cut_off(call: Awaitable[str], after: int) -> str:
    """The responses within so many milliseconds; the caller has disconnected since."""
    try:
        return await asyncio.wait_for(call, after / 1000)
    except TimeoutError:
        return ""


@pytest.fixture(scope="module")
def rows_of(superuser: AsyncEngine) -> Callable[[Player], Awaitable[Counter[str]]]:
    """`await rows_of(player)`: every row of the company in every table, as text."""

    async def rows_of(player: Player) -> Counter[str]:
        found: Counter[str] = Counter()
        async with superuser.connect() as connection:
            for table in (await connection.execute(TABLES)).scalars().all():
                statement = text(f"SELECT '{table} ' || to_jsonb(t)::text FROM {table} t WHERE company_id = :id")
                found.update((await connection.execute(statement, {"id": player.tenant.company_id})).scalars())
        return found

    return rows_of


def named(players: Sequence[Player], me: Player, texts: Sequence[str]) -> list[str]:
    """Texts of `me` that contain a marker of another company."""
    words = [word for player in players if player is not me for word in player.words]
    return [text for text in texts if any(word in text for word in words)]


@given(rounds=st.lists(st.lists(moves, min_size=1, max_size=8), min_size=1, max_size=4), silent=st.integers(0, 2))
@settings(max_examples=25)
async def test_no_company_reads_or_changes_anothers(
    players: list[Player],
    play: Callable[[Player, Player, Move], Awaitable[str]],
    rows_of: Callable[[Player], Awaitable[Counter[str]]],
    gateway: Gateway,
    engine: AsyncEngine,
    rounds: list[list[Move]],
    silent: int,
) -> None:
    turned = [players[(silent + 1 + place) % 3] for place in range(3)]  # the last one is silent
    await gateway.heartbeats.write_sessions()
    before = await rows_of(turned[2])
    for moves in rounds:
        calls = [play(turned[move.me], turned[move.other], move) for move in moves]
        limited = [
            call if move.cut is None else cut_off(call, move.cut) for call, move in zip(calls, moves, strict=True)
        ]
        answers = await asyncio.gather(*limited)
        for move, answer in zip(moves, answers, strict=True):
            assert named(players, turned[move.me], [answer]) == [], move
    await gateway.heartbeats.write_sessions()
    assert await rows_of(turned[2]) == before
    for player in turned:
        assert named(players, player, list(await rows_of(player))) == []
    async with engine.connect() as one, engine.connect() as two, engine.connect() as three:
        for connection in (one, two, three):
            assert not any((await connection.execute(SCOPES)).one()), "a scope outlived its transaction"


async def test_afterwards_all_is_counted_and_heard(players: list[Player], engine: AsyncEngine) -> None:
    for player in players:
        assert (await reconcile(engine, player.tenant.company_id, company_month_event)).differences == []
        assert await player.seat.is_heard()
        assert (await player.agent.sync(datetime.now(UTC))).status_code == 200


async def test_a_hole_would_be_found(
    players: list[Player],
    play: Callable[[Player, Player, Move], Awaitable[str]],
    rows_of: Callable[[Player], Awaitable[Counter[str]]],
    enrol: Enrol,
    stored: ReadRows,
    superuser: AsyncEngine,
) -> None:
    one, two, _three = players
    await enrol(two.tenant, 1, name="Another")  # the spare one may have been revoked
    [device] = [row for row in await stored("device", two.tenant.company_id) if row["name"] == "Another"]
    two = replace(two, device=device["device_id"])
    kept = {row.split(" ")[0] for row in await rows_of(one)}
    assert kept >= {"task", "screenshot", "usage_record", "device", "work_session"}
    before = await rows_of(two)
    await secure(superuser, "DISABLE")
    try:
        shown = await play(one, two, Move(0, 1, "person", borrowed=False, cut=None))
        await play(one, two, Move(0, 1, "revoke", borrowed=False, cut=None))
    finally:
        await secure(superuser, "ENABLE")
    assert named(players, one, [shown])
    assert await rows_of(two) != before


async def secure(superuser: AsyncEngine, word: str) -> None:
    """ENABLEs or DISABLEs what keeps companies apart in two tables."""
    async with superuser.begin() as tx:
        for table in ("employee", "device"):
            await tx.execute(text(f"ALTER TABLE {table} {word} ROW LEVEL SECURITY"))
