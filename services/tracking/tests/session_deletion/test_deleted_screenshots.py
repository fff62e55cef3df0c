"""Screenshots of a deleted session: none stays in the store, whatever failed or was sent twice."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from servicekit.errors import Unavailable
from services.tracking.tests.fixtures.gateway import CountSeconds
from services.tracking.tests.fixtures.platform import ReadRows, Tenant, folder_of
from tracker_client import Desktop
from tracking.gateway.api.context import Gateway
from tracking.screenshots import rules as captures
from tracking.screenshots.store.pictures import PictureStore


@pytest.fixture
def files(pictures: PictureStore, tenant: Tenant) -> Callable[[], list[Path]]:
    """`files()`: what the picture store has of the company."""
    return lambda: list(folder_of(pictures, tenant.company_id).rglob("*.jpg"))


async def test_its_screenshots_go_and_no_more_are_kept(
    desktop: Desktop,
    tenant: Tenant,
    delete: Callable[..., Awaitable[None]],
    counted: CountSeconds,
    stored: ReadRows,
    pictures: PictureStore,
    photograph: Callable[[Desktop, str, datetime], Awaitable[str]],
) -> None:
    kept = datetime.now(UTC)
    for colour in ("red", "green"):
        assert await photograph(desktop, colour, kept) == "Screenshot kept"
    await counted(tenant)
    await delete(desktop.session_id)
    assert not list(folder_of(pictures, tenant.company_id).rglob("*.jpg"))
    assert [row["bytes"] for row in await stored("storage_use", tenant.company_id)] == [0]
    assert await photograph(desktop, "red", kept) == "Screenshot kept", "it is known"
    assert await photograph(desktop, "blue", kept) == f"Not counted: {captures.DELETED}"
    assert not list(folder_of(pictures, tenant.company_id).rglob("*.jpg"))
    assert [row["reason"] for row in await stored("quarantine", tenant.company_id)] == [captures.DELETED]
    await counted(tenant)
    newest = max(await stored("company_day", tenant.company_id), key=lambda row: row["day"])
    assert (newest["screenshots"], newest["storage_bytes"]) == (0, 0)


async def test_a_picture_that_comes_meanwhile_goes_too(
    desktop: Desktop,
    tenant: Tenant,
    delete: Callable[..., Awaitable[None]],
    counted: CountSeconds,
    stored: ReadRows,
    environment: dict[str, str],
    photograph: Callable[[Desktop, str, datetime], Awaitable[str]],
) -> None:
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
    assert not list(folder_of(pictures, tenant.company_id).rglob("*.jpg"))
    await counted(tenant)


async def test_without_the_picture_store_nothing_is_deleted(
    desktop: Desktop,
    tenant: Tenant,
    delete: Callable[..., Awaitable[None]],
    counted: CountSeconds,
    stored: ReadRows,
    environment: dict[str, str],
    photograph: Callable[[Desktop, str, datetime], Awaitable[str]],
) -> None:
    class Away(PictureStore):
        async def delete(self, *_: Any) -> None:
            raise Unavailable("the picture store does not respond")

    assert await photograph(desktop, "red", datetime.now(UTC)) == "Screenshot kept"
    with pytest.raises(Unavailable):
        await delete(desktop.session_id, by=Away(environment["TRACKING_PICTURES_URL"]))
    [row] = await stored("work_session", tenant.company_id)
    assert (row["ended_at"], row["deleted_at"]) == (None, None)
    await delete(desktop.session_id)
    await counted(tenant)


async def test_one_whose_attempt_broke_off_goes_when_it_comes_again(
    desktop: Desktop,
    delete: Callable[..., Awaitable[None]],
    files: Callable[[], list[Path]],
    photograph: Callable[[Desktop, str, datetime], Awaitable[str]],
    gateway: Gateway,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The session is deleted between its file and its row, and then the store is away."""

    class BrokenOff(PictureStore):
        async def put(self, *about: Any) -> None:
            await super().put(*about)
            await delete(desktop.session_id)

        async def delete(self, *_: Any) -> None:
            raise Unavailable("the picture store does not respond")

    at = datetime.now(UTC)
    with monkeypatch.context() as broken:
        broken.setattr(gateway.screenshots, "_pictures", BrokenOff(environment["TRACKING_PICTURES_URL"]))
        with pytest.raises(AssertionError):
            await photograph(desktop, "red", at)
    assert len(files()) == 2
    assert await photograph(desktop, "red", at) == f"Not counted: {captures.DELETED}"
    assert files() == []


async def test_one_that_is_written_twice_goes_twice(
    desktop: Desktop,
    delete: Callable[..., Awaitable[None]],
    files: Callable[[], list[Path]],
    photograph: Callable[[Desktop, str, datetime], Awaitable[str]],
    environment: dict[str, str],
) -> None:
    """The same capture is in flight a second time: its files come again after they were removed."""

    class WrittenAgain(PictureStore):
        came = False

        async def delete(self, *about: Any) -> None:
            found = {file: file.read_bytes() for file in files()}
            await super().delete(*about)
            if not self.came:
                self.came = True
                for file, data in found.items():
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(data)

    at = datetime.now(UTC)
    assert await photograph(desktop, "red", at) == "Screenshot kept"
    kept = {file: file.read_bytes() for file in files()}
    await delete(desktop.session_id, by=WrittenAgain(environment["TRACKING_PICTURES_URL"]))
    assert files() == []
    for file, data in kept.items():  # by a process that died between file and row
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    assert await photograph(desktop, "red", at) == "Screenshot kept", "it is known"
    assert files() == []
