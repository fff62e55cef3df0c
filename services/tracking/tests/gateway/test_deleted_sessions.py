"""A session that was deleted: its tracker stops, and nothing that still comes of it counts or is kept."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import text

from servicekit.errors import NotFound, Unavailable
from tracker_client import Desktop, Window, stamp
from tracking.application.delete_session import delete_session
from tracking.application.end_session import end_session_as_admin, end_silent_sessions
from tracking.application.reconcile import reconcile
from tracking.domain import captures
from tracking.feed.outgoing import company_month_event
from tracking.store.pictures import PictureStore

SECRET = Window("Diary", "Dear diary")


def picture(colour: str) -> bytes:
    file = BytesIO()
    Image.new("RGB", (64, 36), colour).save(file, "PNG")
    return file.getvalue()


async def photograph(desktop: Desktop, colour: str, at: datetime) -> str:
    """What the gateway says to a picture of the desktop's session."""
    assert desktop.account is not None
    body = {"active_token": desktop.account.token, "work_session_id": desktop.session_id, "capture_time": stamp(at)}
    body["photo"] = base64.b64encode(picture(colour)).decode()
    reply = await desktop.client.post("screenshot/upload", body)
    assert reply.ok
    message: str = reply.fields["message"]
    return message


@pytest.fixture
async def tenant(new_tenant) -> Any:
    return await new_tenant()


@pytest.fixture
async def desktop(tenant, tracker, clock) -> Desktop:
    """A desktop at which somebody starts to work."""
    desktop = Desktop(tracker(tenant.key), clock.now)
    assert await desktop.sign_in(tenant.people[0], tenant.password)
    assert await desktop.start()
    return desktop


@pytest.fixture
def delete(engine, pictures, tenant, stored):
    """`await delete(number)`, by the company's admin; `by` another picture store."""

    async def delete(number: Any, *, by: PictureStore = pictures, now: datetime | None = None) -> None:
        [admin] = [row for row in await stored("employee", tenant.company_id) if row["role"] == "ADMIN"]
        about = {"deleted_by": admin["employee_id"], "encode": company_month_event, "now": now or datetime.now(UTC)}
        await delete_session(engine, by, tenant.company_id, int(number), **about)

    return delete


async def work(desktop: Desktop, clock: Any, seconds: int) -> None:
    desktop.tick(seconds, window=SECRET)
    desktop.tick(0, window=Window("Other", ""))
    clock.now += timedelta(seconds=seconds)


async def test_its_tracker_stops_and_what_still_comes_counts_nothing(
    desktop, tenant, clock, delete, counted, stored
) -> None:
    await work(desktop, clock, 600)
    assert (await desktop.upload()).ok
    await work(desktop, clock, 300)
    number, unsent = desktop.session_id, desktop.tables.snapshot()
    before = await counted(tenant)
    assert before[desktop.account.id]["ACTIVE"] == 600
    await delete(number, now=clock.now)
    assert await counted(tenant) == {desktop.account.id: {"ACTIVE": 0, "INACTIVE": 0, "sessions": 0}}
    assert not await desktop.poll_session()
    assert not desktop.tracking
    assert (await desktop.client.stop_session(desktop.account, number, clock.now)).ok
    for _ in range(2):
        assert (await desktop.client.upload_activity(desktop.account, number, unsent)).ok
    assert await counted(tenant) == {desktop.account.id: {"ACTIVE": 0, "INACTIVE": 0, "sessions": 0}}
    assert await stored("quarantine", tenant.company_id) == []
    desktop.tables.clear()
    assert await desktop.start()
    await work(desktop, clock, 60)
    await desktop.upload()
    assert await counted(tenant) == {desktop.account.id: {"ACTIVE": 60, "INACTIVE": 0, "sessions": 1}}, "a new one is"


async def test_what_was_in_front_is_erased_and_known(desktop, tenant, clock, delete, stored) -> None:
    await work(desktop, clock, 600)
    rows = desktop.tables.snapshot()
    assert rows.applications
    for _ in range(2):
        assert (await desktop.client.upload_activity(desktop.account, desktop.session_id, rows)).ok
    keys = {row["record_id"] for row in await stored("usage_record", tenant.company_id)}
    await delete(desktop.session_id, now=clock.now)
    assert (await desktop.client.upload_activity(desktop.account, desktop.session_id, rows)).ok
    found = await stored("usage_record", tenant.company_id)
    assert {row["record_id"] for row in found} == keys
    assert {(row["name"], row["detail"], row["seconds"]) for row in found} == {("", "", 0)}


async def test_its_screenshots_go_and_no_more_are_kept(desktop, tenant, delete, counted, stored, pictures) -> None:
    kept = datetime.now(UTC)
    for colour in ("red", "green"):
        assert await photograph(desktop, colour, kept) == "Screenshot kept"
    await counted(tenant)
    await delete(desktop.session_id)
    assert not list((pictures._folder / str(tenant.company_id)).rglob("*.jpg"))
    assert [row["bytes"] for row in await stored("storage_use", tenant.company_id)] == [0]
    assert await photograph(desktop, "red", kept) == "Screenshot kept", "it is known"
    assert await photograph(desktop, "blue", kept) == f"Kept aside: {captures.DELETED}"
    assert not list((pictures._folder / str(tenant.company_id)).rglob("*.jpg"))
    assert [row["reason"] for row in await stored("quarantine", tenant.company_id)] == [captures.DELETED]
    await counted(tenant)
    newest = max(await stored("company_day", tenant.company_id), key=lambda row: row["day"])
    assert (newest["screenshots"], newest["storage_bytes"]) == (0, 0)


async def test_a_picture_that_comes_meanwhile_goes_too(desktop, tenant, delete, counted, stored, environment) -> None:
    """It is taken after the others were looked up, and before the session is deleted."""

    class Interrupted(PictureStore):
        came = False

        async def delete(self, *about: Any) -> None:
            await super().delete(*about)
            if not self.came:
                self.came = True
                assert await photograph(desktop, "blue", datetime.now(UTC)) == "Screenshot kept"

    pictures = Interrupted(environment["TRACKING_PICTURES_URL"])
    assert await photograph(desktop, "red", datetime.now(UTC)) == "Screenshot kept"
    await delete(desktop.session_id, by=pictures)
    taken = await stored("screenshot", tenant.company_id)
    assert len(taken) == 2
    assert all(row["removed_at"] for row in taken)
    assert not list((pictures._folder / str(tenant.company_id)).rglob("*.jpg"))
    await counted(tenant)


async def test_without_the_picture_store_nothing_is_deleted(
    desktop, tenant, delete, counted, stored, environment
) -> None:
    class Away(PictureStore):
        async def delete(self, *_: Any) -> None:
            raise Unavailable("the picture store does not answer")

    assert await photograph(desktop, "red", datetime.now(UTC)) == "Screenshot kept"
    with pytest.raises(Unavailable):
        await delete(desktop.session_id, by=Away(environment["TRACKING_PICTURES_URL"]))
    [row] = await stored("work_session", tenant.company_id)
    assert (row["ended_at"], row["deleted_at"]) == (None, None)
    await delete(desktop.session_id)
    await counted(tenant)


async def test_one_that_fell_silent_does_not_go_on(desktop, tenant, clock, engine, dispatch, delete, stored) -> None:
    clock.now += timedelta(minutes=1)
    await end_silent_sessions(engine, dispatch)  # the test lives some days ago
    await delete(desktop.session_id)
    [row] = await stored("work_session", tenant.company_id)
    assert (row["ended_at"], row["ended_by"]) == (row["last_seen_at"], "ADMIN")
    assert not (await desktop.client.check_session_active(desktop.account, desktop.session_id)).fields["status"]
    assert [row["ended_by"] for row in await stored("work_session", tenant.company_id)] == ["ADMIN"]


async def test_it_is_deleted_once_and_not_ended_after(desktop, tenant, engine, delete, counted, stored) -> None:
    await delete(desktop.session_id)
    [before] = await stored("work_session", tenant.company_id)
    with pytest.raises(NotFound):
        await delete(desktop.session_id)
    with pytest.raises(NotFound):
        await end_session_as_admin(engine, tenant.company_id, int(desktop.session_id))
    assert await stored("work_session", tenant.company_id) == [before]
    await counted(tenant)


async def test_all_at_once(desktop, tenant, tracker, clock, delete, fold, counted) -> None:
    """Several sessions are deleted, some by two admins, while uploads come, are folded, and a session goes on."""
    others = [Desktop(tracker(tenant.key), clock.now) for _ in range(4)]
    for other in others:
        assert await other.sign_in(tenant.people[0], tenant.password)
        assert await other.start()
    for each in (desktop, *others):
        each.tick(600, window=SECRET)
    clock.now += timedelta(minutes=10)
    numbers = [other.session_id for other in others]
    deletions = [delete(number, now=clock.now) for number in (*numbers, *numbers[:2])]
    uploads = [each.upload() for each in (desktop, *others)]
    more = [*(fold(tenant) for _ in range(4)), photograph(desktop, "red", clock.now)]
    outcomes = await asyncio.gather(*deletions, *uploads, *more, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == [NotFound] * 2
    assert await counted(tenant) == {desktop.account.id: {"ACTIVE": 600, "INACTIVE": 0, "sessions": 1}}


async def test_another_companys(desktop, tenant, engine, pictures, new_tenant, stored) -> None:
    other = await new_tenant()
    about = {"deleted_by": other.company_id, "encode": company_month_event, "now": datetime.now(UTC)}
    with pytest.raises(NotFound):
        await delete_session(engine, pictures, other.company_id, int(desktop.session_id), **about)
    [row] = await stored("work_session", tenant.company_id)
    assert row["deleted_at"] is None


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("UPDATE device_day SET deleted = '{}'", "deleted of device"),
        ("UPDATE work_session SET deleted_seconds = '{}'", "employee"),
        ("UPDATE employee_day SET active_seconds = 600", "employee"),
        ("UPDATE company_day SET sessions = 1", "company"),
    ],
)
async def test_what_was_changed_by_hand_is_named(
    desktop, tenant, clock, delete, fold, superuser, engine, damage: str, named: str
) -> None:
    await work(desktop, clock, 600)
    assert (await desktop.upload()).ok
    await fold(tenant)
    await delete(desktop.session_id, now=clock.now)
    async with superuser.begin() as tx:
        await tx.execute(text(f"{damage} WHERE company_id = :id"), {"id": tenant.company_id})
    found = (await reconcile(engine, tenant.company_id, company_month_event)).differences
    assert any(difference.startswith(named) for difference in found), found
