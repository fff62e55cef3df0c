"""Agents' screenshots: stored once under the agent's id, or refused with a reason."""

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.tracking.tests.fixtures.gateway import CountSeconds
from services.tracking.tests.fixtures.native import Enrol
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, SetPolicy, Tenant, folder_of
from tracker_client import NativeAgent
from tracking.access.rules.directory import AccessDirectory, Entitlement
from tracking.publishing.messages import company_month_event
from tracking.screenshots import rules as captures
from tracking.screenshots.imaging import protocol as unfit
from tracking.screenshots.rules import named_capture_id
from tracking.screenshots.store.pictures import PictureStore
from tracking.session_deletion.use_cases import delete_session


def encoded(form: str = "PNG", size: tuple[int, int] = (320, 200), colour: str = "teal") -> bytes:
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, form)
    return file.getvalue()


PNG = encoded()


@pytest.fixture
async def working(own: Tenant, enrol: Enrol) -> NativeAgent:
    agent = await enrol(own)
    agent.start(datetime.now(UTC))
    await agent.sync(datetime.now(UTC))
    return agent


async def put(agent: NativeAgent, image: bytes = PNG, screenshot_id: str | None = None, **fields: Any) -> Any:
    now = datetime.now(UTC)
    about = {"session_id": agent.session_id, "captured_at": now, "now": now, **fields}
    return await agent.put_screenshot(screenshot_id or str(uuid.uuid4()), image, **about)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
async def test_kept_once_and_counted(
    working: NativeAgent, own: Tenant, stored: ReadRows, counted: CountSeconds, form: str
) -> None:
    screenshot_id = str(uuid.uuid4())
    first, again = [await put(working, encoded(form), screenshot_id) for _ in range(2)]
    assert (first.status_code, first.json()) == (201, {"id": screenshot_id, "outcome": "stored"})
    assert (again.status_code, again.json()["outcome"]) == (200, "duplicate")
    await counted(own)
    days = await stored("company_day", own.company_id)
    assert [sum(day[name] for day in days) for name in ("screenshots", "sessions")] == [1, 1]
    (row,) = await stored("screenshot", own.company_id)
    assert row["screenshot_id"] == named_capture_id(row["employee_id"], uuid.UUID(screenshot_id))


HOSTILE = {
    "empty": b"",
    "text": b"hello",
    "GIF": encoded("GIF"),
    "half": PNG[: len(PNG) // 2],
    "with a ZIP": PNG + b"PK\x03\x04",
    "too large": b"RIFF\x16\0\0\0WEBPVP8X\n\0\0\0\0\0\0\0" + b"\xff\x3e\0" * 2,
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_ones_are_refused_for_good(
    working: NativeAgent, own: Tenant, stored: ReadRows, name: str
) -> None:
    reply = await put(working, HOSTILE[name])
    assert (reply.status_code, reply.json()["kind"]) == (422, "unfit_picture")
    assert await stored("screenshot", own.company_id) == []
    (row,) = await stored("quarantine", own.company_id)
    assert row["reason"].startswith("a screenshot ")


async def test_a_colleagues_id_is_no_duplicate(
    working: NativeAgent, own: Tenant, enrol: Enrol, stored: ReadRows, pictures: PictureStore
) -> None:
    """Agents make the ids: the same id of two people names two pictures."""
    colleague, name = await enrol(own, 1), str(uuid.uuid4())
    colleague.start(datetime.now(UTC))
    await colleague.sync(datetime.now(UTC))
    for agent, colour in ((colleague, "teal"), (working, "red")):
        for status in (201, 200):
            assert (await put(agent, encoded(colour=colour), name)).status_code == status
    rows = await stored("screenshot", own.company_id)
    assert len({row["employee_id"] for row in rows}) == len(rows) == 2
    assert len(list(folder_of(pictures, own.company_id).rglob("*.jpg"))) == 4


async def test_one_that_was_kept_under_the_agents_id_alone_is_known(
    working: NativeAgent, own: Tenant, superuser: AsyncEngine
) -> None:
    name = str(uuid.uuid4())
    assert (await put(working, screenshot_id=name)).status_code == 201
    async with superuser.begin() as tx:
        statement = text("UPDATE screenshot SET screenshot_id = :name WHERE company_id = :company_id")
        await tx.execute(statement, {"name": name, "company_id": own.company_id})
    again = await put(working, screenshot_id=name)
    assert (again.status_code, again.json()["outcome"]) == (200, "duplicate")


async def test_each_refused_one_is_counted_for_its_person_with_its_reason(
    working: NativeAgent, own: Tenant, enrol: Enrol, stored: ReadRows
) -> None:
    colleague, now = await enrol(own, 1), datetime.now(UTC)
    colleague.start(now)
    await colleague.sync(now)
    name = str(uuid.uuid4())
    for agent in (working, colleague):
        for _ in range(2):  # once, however often it is sent
            assert (await put(agent, HOSTILE["GIF"], name)).status_code == 422
    await put(working, session_id=str(uuid.uuid4()))
    await put(working, captured_at=now + timedelta(minutes=1))
    await put(working, captured_at=now - timedelta(hours=1))
    await put(working, captured_at=datetime(1, 1, 1, tzinfo=UTC))
    await put(working, now=now - timedelta(days=2))
    people = {row["employee_id"]: row["email"] for row in await stored("employee", own.company_id)}
    found = Counter((people[row["employee_id"]], row["reason"]) for row in await stored("quarantine", own.company_id))
    mine = [unfit.FORMAT, captures.OTHER_PERSONS_SESSION, *captures.MISPLACED.values()]
    assert found == Counter([(own.people[0], reason) for reason in mine] + [(own.people[1], unfit.FORMAT)])


async def test_another_persons_session_is_none(
    working: NativeAgent, own: Tenant, enrol: Enrol, new_tenant: NewTenant
) -> None:
    other, stranger = await enrol(own, 1), await enrol(await new_tenant())
    for agent in (other, stranger):
        assert (await put(agent, session_id=working.session_id)).status_code == 404
    assert (await put(working, session_id=str(uuid.uuid4()))).json()["kind"] == "not_found"


async def test_moments_that_cannot_be(working: NativeAgent) -> None:
    now = datetime.now(UTC)
    wrong: dict[str, dict[str, Any]] = {
        "in_the_future": {"captured_at": now + timedelta(minutes=1)},
        "before_enrolment": {"captured_at": now - timedelta(hours=1)},
        "impossible_time": {"captured_at": datetime(1, 1, 1, tzinfo=UTC)},
        "clock_skew": {"now": now - timedelta(days=2)},
    }
    for kind, fields in wrong.items():
        reply = await put(working, **fields)
        assert (reply.status_code, reply.json()["kind"]) == (422, kind)


async def test_a_wrong_clock_is_corrected(working: NativeAgent, own: Tenant, stored: ReadRows) -> None:
    wrong = datetime.now(UTC) - timedelta(hours=9)
    assert (await put(working, captured_at=wrong, now=wrong)).status_code == 201
    (row,) = await stored("screenshot", own.company_id)
    assert abs(row["captured_at"] - datetime.now(UTC)) < timedelta(minutes=1)


async def test_unwanted_ones_and_ones_without_room(
    working: NativeAgent,
    own: Tenant,
    set_policy: SetPolicy,
    directory: AccessDirectory,
    monkeypatch: pytest.MonkeyPatch,
    stored: ReadRows,
) -> None:
    old = directory._entitlements[own.company_id.int]
    fields = {name: getattr(old, name) for name in Entitlement.__dataclass_fields__}
    with monkeypatch.context() as small:
        small.setitem(directory._entitlements, own.company_id.int, Entitlement(**fields | {"storage_bytes": 10}))
        full = await put(working)
    assert (full.status_code, full.json()["kind"]) == (409, "refused")
    await set_policy(own, screenshots_enabled=False)
    assert (await put(working)).json()["kind"] == "refused"
    reasons = sorted(row["reason"] for row in await stored("quarantine", own.company_id))
    assert reasons == sorted([captures.STORAGE_FULL, captures.UNWANTED])


async def delete_its_session(agent: NativeAgent, own: Any, stored: Any, engine: Any, pictures: Any) -> None:
    rows = await stored("work_session", own.company_id)
    [row] = [row for row in rows if str(row["session_id"]) == agent.session_id]
    about = {"deleted_by": row["employee_id"], "encode": company_month_event, "now": datetime.now(UTC)}
    await delete_session(engine, pictures, own.company_id, row["number"], **about)


async def test_of_a_deleted_session_nothing_is_kept(
    working: NativeAgent, own: Tenant, stored: ReadRows, engine: AsyncEngine, pictures: PictureStore
) -> None:
    await delete_its_session(working, own, stored, engine, pictures)
    for _ in range(2):
        reply = await put(working)
        assert (reply.status_code, reply.json()["kind"]) == (409, "refused")
    assert await stored("screenshot", own.company_id) == []
    assert not folder_of(pictures, own.company_id).exists()


async def test_under_the_name_of_a_deleted_session_no_other_picture_goes(
    working: NativeAgent, own: Tenant, enrol: Enrol, stored: ReadRows, engine: AsyncEngine, pictures: PictureStore
) -> None:
    """Ids are the agents' own: somebody may name a colleague's."""
    colleague, theirs = await enrol(own, 1), str(uuid.uuid4())
    colleague.start(datetime.now(UTC))
    await colleague.sync(datetime.now(UTC))
    assert (await put(colleague, screenshot_id=theirs)).status_code == 201
    await delete_its_session(working, own, stored, engine, pictures)
    await put(working, screenshot_id=theirs)
    assert len(list(folder_of(pictures, own.company_id).rglob("*.jpg"))) == 2
