"""Desktop screenshots: validated, stored once, counted; a rejected one never blocks a tracker's queue."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image, PngImagePlugin
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import Unavailable
from services.tracking.tests.fixtures.gateway import Clock, CountSeconds, Fold, NewTracker, Seat, Sit
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, SetPolicy, folder_of
from tracker_client import Desktop, Reply, stamp
from tracking.access.rules.directory import AccessDirectory, Entitlement
from tracking.screenshots import rules as captures
from tracking.screenshots.imaging import protocol as unfit
from tracking.screenshots.imaging.decoder import Decoder
from tracking.screenshots.store.pictures import PictureStore
from tracking.screenshots.store.screenshots import Screenshot
from tracking.screenshots.use_cases.remove_old_screenshots import remove_old_screenshots

PATH = "screenshot/upload"


def encoded(size: tuple[int, int] = (640, 360), form: str = "PNG", colour: str = "teal", **options: Any) -> bytes:
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, form, **options)
    return file.getvalue()


PNG = encoded()


@pytest.fixture
def show(pictures: PictureStore) -> Callable[[Any], Awaitable[list[Image.Image]]]:
    """`await show(row)`: the kept picture and thumbnail of a row of the table."""

    async def show(row: Any) -> list[Image.Image]:
        fields = {name: row[name] for name in Screenshot.__dataclass_fields__}
        found = [
            await pictures.get(row["company_id"], Screenshot(**fields), thumbnail=small) for small in (False, True)
        ]
        assert all(found)
        assert sum(len(data or b"") for data in found) == row["stored_bytes"]
        return [Image.open(BytesIO(data or b"")) for data in found]

    return show


@pytest.fixture
async def own(new_tenant: NewTenant, sit: Sit) -> Seat:
    """Somebody at work in a company of the test's own."""
    return await sit(await new_tenant(people=2))


async def send(seat: Seat, data: bytes | str = PNG, **fields: Any) -> Reply:
    photo = data if isinstance(data, str) else base64.b64encode(data).decode()
    return await seat.tracker.post(PATH, seat.body(photo=photo, **{"capture_time": stamp(datetime.now(UTC)), **fields}))


async def test_one_is_kept_encoded_anew_with_a_thumbnail(
    own: Seat, stored: ReadRows, show: Callable[[Any], Awaitable[list[Image.Image]]]
) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "secret")
    reply = await send(own, encoded((1920, 1080), pnginfo=notes))
    assert (reply.code, reply.body) == (200, {"status": True, "message": "Screenshot kept"})
    (row,) = await stored("screenshot", own.company_id)
    picture, thumbnail = await show(row)
    assert (picture.format, picture.size, thumbnail.size) == ("JPEG", (1920, 1080), (360, 202))
    assert (row["width"], row["height"], row["removed_at"]) == (1920, 1080, None)
    assert "secret" not in repr(picture.info)


@pytest.mark.parametrize(
    "photo",
    [
        encoded(form="JPEG"),
        encoded(form="JPEG", progressive=True),
        encoded(form="WEBP"),
        encoded(form="WEBP", lossless=True),
        "data:image/png;base64," + base64.b64encode(PNG).decode(),
        "\n".join(base64.b64encode(PNG).decode()[start : start + 76] for start in range(0, 10_000, 76)),
    ],
    ids=["JPEG", "progressive", "WebP", "lossless", "with a prefix", "in lines"],
)
async def test_what_is_taken(seat: Seat, photo: bytes | str) -> None:
    assert (await send(seat, photo)).fields["message"] == "Screenshot kept"


async def test_sent_again_it_is_kept_and_counted_once(own: Seat, fold: Fold, stored: ReadRows) -> None:
    at = stamp(datetime.now(UTC))
    replies = await asyncio.gather(*(send(own, capture_time=at) for _ in range(4)))
    replies += [await send(own, capture_time=at)]
    assert all(reply.ok for reply in replies)
    assert len(await stored("screenshot", own.company_id)) == 1
    await fold(own)
    assert sum(day["screenshots"] for day in await stored("company_day", own.company_id)) == 1
    assert (await send(own, capture_time=stamp(datetime.now(UTC) + timedelta(seconds=1)))).ok
    assert len(await stored("screenshot", own.company_id)) == 2, "the same picture of another time is another"


async def test_they_are_counted_for_their_day_and_storage_is_a_level(
    new_tenant: NewTenant, sit: Sit, clock: Clock, stored: ReadRows, counted: CountSeconds
) -> None:
    tenant = await new_tenant()
    seat = await sit(tenant)
    evening = clock.now + timedelta(hours=15, minutes=59)
    moments = [clock.now + timedelta(minutes=1), evening, evening + timedelta(minutes=2)]
    clock.now += timedelta(days=2)
    for moment in moments:
        assert (await send(seat, capture_time=stamp(moment))).ok
    await counted(tenant)
    days = {row["day"]: row for row in await stored("company_day", tenant.company_id)}
    assert [days[moment.date()]["screenshots"] for moment in (moments[0], moments[2])] == [2, 1]
    (use,) = await stored("storage_use", tenant.company_id)
    taken = await stored("screenshot", tenant.company_id)
    assert use["bytes"] == sum(row["stored_bytes"] for row in taken) > 0
    assert days[max(days)]["storage_bytes"] == use["bytes"]
    (person,) = [row for row in await stored("employee_day", tenant.company_id) if row["screenshots"] == 1]
    assert person["day"] == moments[2].date()


async def test_they_come_after_the_stop_and_days_late(own: Seat, stored: ReadRows) -> None:
    now = datetime.now(UTC)
    assert (await own.tracker.stop_session(own.account, own.session, now)).ok
    assert (await send(own)).fields["message"] == "Screenshot kept"
    await send(own, capture_time=stamp(now + timedelta(days=9)))
    await send(own, capture_time=None)
    await send(own, encoded(colour="red"), capture_time="yesterday")
    await send(own, capture_time="1999-01-01 00:00:00")
    rows = await stored("screenshot", own.company_id)
    (session,) = await stored("work_session", own.company_id)
    assert len(rows) == 5
    assert all(session["started_at"] <= row["captured_at"] <= now + timedelta(minutes=1) for row in rows)


WRONG = {
    "missing": (None, unfit.FORMAT),
    "empty": ("", unfit.FORMAT),
    "a number": (7, unfit.FORMAT),
    "no base64": ("\u2603 snow", unfit.FORMAT),
    "half a character": ("\ud83d", unfit.FORMAT),
    "text": (b"hello", unfit.FORMAT),
    "GIF": (encoded(form="GIF"), unfit.FORMAT),
    "half": (PNG[: len(PNG) // 2], unfit.BROKEN),
    "with a ZIP": (PNG + b"PK\x03\x04", unfit.MORE),
    "too large": (b"RIFF\x16\0\0\0WEBPVP8X\n\0\0\0\0\0\0\0" + b"\xff\x3e\0" * 2, unfit.LARGE),
}


@pytest.mark.parametrize(("photo", "reason"), WRONG.values(), ids=WRONG)
async def test_what_cannot_be_kept_is_counted_and_blocks_nothing(
    own: Seat, stored: ReadRows, photo: Any, reason: str
) -> None:
    sent = base64.b64encode(photo).decode() if isinstance(photo, bytes) else photo
    for _ in range(2):
        body = own.body(photo=sent, capture_time="2026-01-05 09:00:00")
        reply = await own.tracker.post(PATH, body)
        assert (reply.code, reply.body) == (200, {"status": True, "message": f"Not counted: {reason}"})
    (row,) = await stored("quarantine", own.company_id)
    assert row["reason"] == reason
    assert await stored("screenshot", own.company_id) == []


async def test_another_persons_is_nobodys(own: Seat, sit: Sit, new_tenant: NewTenant, stored: ReadRows) -> None:
    stranger = await sit(await new_tenant())
    for session in (stranger.session, 2**62, None, "one", -1):
        assert (await send(own, encoded(colour="navy"), work_session_id=session)).ok
    reasons = [row["reason"] for row in await stored("quarantine", own.company_id)]
    assert set(reasons) == {captures.OTHER_PERSONS_SESSION}
    assert await stored("screenshot", own.company_id) == await stored("screenshot", stranger.company_id) == []


async def test_a_desktop_with_the_former_persons_pictures_gets_rid_of_all(
    new_tenant: NewTenant, tracker: NewTracker, stored: ReadRows
) -> None:
    tenant = await new_tenant(people=2)
    desktop = Desktop(tracker(tenant.key), datetime.now(UTC))
    assert await desktop.sign_in(tenant.people[0], tenant.password)
    assert await desktop.start()
    for colour in ("red", "green", "blue", "white", "black", "grey", "pink"):
        desktop.capture(encoded(colour=colour))
    assert await desktop.stop()
    assert await desktop.sign_in(tenant.people[1], tenant.password)
    assert [await desktop.upload_screenshots() for _ in range(3)] == [5, 2, 0]
    assert {row["reason"] for row in await stored("quarantine", tenant.company_id)} == {captures.OTHER_PERSONS_SESSION}


async def test_when_they_are_switched_off_nothing_is_kept(own: Seat, set_policy: SetPolicy, stored: ReadRows) -> None:
    assert (await own.tracker.employee_config(own.account)).fields["config"]["screenshots_enabled"] is True
    await set_policy(own, screenshots_enabled=False)
    assert (await own.tracker.employee_config(own.account)).fields["config"]["screenshots_enabled"] is False
    assert (await send(own)).fields["message"] == f"Not counted: {captures.UNWANTED}"
    assert await stored("screenshot", own.company_id) == []


@pytest.fixture
def quota(directory: AccessDirectory, monkeypatch: pytest.MonkeyPatch) -> Callable[[Seat, int], None]:
    """`quota(seat, size)`: the plan has so many bytes of storage, as far as the gateway knows."""

    def quota(seat: Seat, size: int) -> None:
        known = directory._entitlements
        old = known[seat.company_id.int]
        fields: dict[str, Any] = {name: getattr(old, name) for name in Entitlement.__dataclass_fields__}
        monkeypatch.setitem(known, seat.company_id.int, Entitlement(**fields | {"storage_bytes": size}))

    return quota


async def test_the_plans_storage_is_never_exceeded(
    own: Seat, quota: Callable[[Seat, int], None], stored: ReadRows, pictures: PictureStore
) -> None:
    assert (await send(own, encoded(colour="red"))).ok
    (first,) = await stored("storage_use", own.company_id)
    room = first["bytes"] * 5 // 2
    quota(own, room)
    replies = await asyncio.gather(*(send(own, encoded(colour=c)) for c in ("green", "blue", "navy", "teal")))
    assert all(reply.ok for reply in replies)
    (use,) = await stored("storage_use", own.company_id)
    kept = await stored("screenshot", own.company_id)
    assert len(kept) == 2
    assert use["bytes"] == sum(row["stored_bytes"] for row in kept) <= room
    assert [row["reason"] for row in await stored("quarantine", own.company_id)] == [captures.STORAGE_FULL] * 3
    folder = folder_of(pictures, own.company_id)
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 4, "no file without a row"


async def test_a_plan_that_got_smaller_meanwhile_counts(
    own: Seat,
    quota: Callable[[Seat, int], None],
    stored: ReadRows,
    pictures: PictureStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The capture was admitted under the larger plan; its files are written when the smaller one is known."""
    put = pictures.put

    async def downgraded(*arguments: Any) -> None:
        await put(*arguments)
        quota(own, 1)

    monkeypatch.setattr(pictures, "put", downgraded)
    assert (await send(own)).fields["message"] == f"Not counted: {captures.STORAGE_FULL}"
    assert await stored("screenshot", own.company_id) == []
    assert not [path for path in folder_of(pictures, own.company_id).rglob("*") if path.is_file()]


async def test_retention_removes_pictures_and_keeps_the_days_count(
    own: Seat, engine: AsyncEngine, dispatch: AsyncEngine, pictures: PictureStore, fold: Fold, stored: ReadRows
) -> None:
    assert (await send(own)).ok
    await fold(own)
    now = datetime.now(UTC)

    async def remove(after: timedelta | None, *, later: timedelta = timedelta()) -> bool:
        return await remove_old_screenshots(
            engine,
            dispatch,
            pictures,
            lambda company: after if company == own.company_id else None,
            now + timedelta(days=30) + later,
        )

    for nothing in (None, timedelta(days=31)):
        assert not await remove(nothing)
        assert [row["removed_at"] for row in await stored("screenshot", own.company_id)] == [None]
    for later in (timedelta(), timedelta(hours=23, minutes=59)):
        assert not await remove(timedelta(days=29), later=later)
        (row,) = await stored("screenshot", own.company_id)
        assert row["removed_at"] is None, "the time was shortened less than a day ago"
    assert not await remove(timedelta(days=29), later=timedelta(hours=24))
    (row,) = await stored("screenshot", own.company_id)
    assert row["removed_at"] is not None
    assert [use["bytes"] for use in await stored("storage_use", own.company_id)] == [0]
    assert not list(folder_of(pictures, own.company_id).rglob("*.jpg"))
    await fold(own)
    days = sorted(await stored("company_day", own.company_id), key=lambda row: row["day"])
    assert (sum(day["screenshots"] for day in days), days[-1]["storage_bytes"]) == (1, 0)
    assert not await remove(timedelta(days=29), later=timedelta(hours=24))


async def test_a_plan_that_is_changed_back_within_a_day_costs_no_picture(
    own: Seat, engine: AsyncEngine, dispatch: AsyncEngine, pictures: PictureStore, stored: ReadRows
) -> None:
    assert (await send(own)).ok
    now = datetime.now(UTC) + timedelta(days=20)

    async def look(hours: float, days: int) -> None:
        await remove_old_screenshots(
            engine,
            dispatch,
            pictures,
            lambda company: timedelta(days=days) if company == own.company_id else None,
            now + timedelta(hours=hours),
        )

    for hours, days in ((0, 30), (1, 1), (24, 1), (24.9, 30), (30, 30), (31, 1), (54, 1)):
        await look(hours, days)
        assert [row["removed_at"] for row in await stored("screenshot", own.company_id)] == [None], (hours, days)
    await look(55, 1)
    assert None not in [row["removed_at"] for row in await stored("screenshot", own.company_id)]


async def test_a_picture_store_that_is_away_refuses_and_loses_nothing(
    own: Seat,
    gateway_client: httpx.AsyncClient,
    pictures: PictureStore,
    monkeypatch: pytest.MonkeyPatch,
    stored: ReadRows,
) -> None:
    with monkeypatch.context() as away:

        async def put(*_: object) -> None:
            raise Unavailable("the picture store does not respond")

        away.setattr(pictures, "put", put)
        body = own.body(photo=base64.b64encode(PNG).decode(), capture_time=stamp(datetime.now(UTC)))
        reply = await gateway_client.post(f"/api/{PATH}", json=body, headers={"X-Company-Key": own.key})
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
    assert await stored("screenshot", own.company_id) == await stored("quarantine", own.company_id) == []
    assert (await send(own)).fields["message"] == "Screenshot kept"


async def test_a_killed_decoder_costs_no_picture(own: Seat, decoder: Decoder) -> None:
    assert (await send(own)).ok
    assert decoder._process is not None
    decoder._process.kill()
    await decoder._process.wait()
    assert (await send(own, encoded(colour="lime"))).fields["message"] == "Screenshot kept"


async def test_what_was_changed_by_hand_is_named(own: Seat, counted: CountSeconds, superuser: AsyncEngine) -> None:
    assert (await send(own)).ok
    await counted(own)
    async with superuser.begin() as tx:
        statement = text("UPDATE storage_use SET bytes = bytes + 1 WHERE company_id = :id")
        await tx.execute(statement, {"id": own.company_id})
    with pytest.raises(AssertionError, match="storage: kept"):
        await counted(own)
