"""The picture store in a folder and in an S3 bucket: written by ids, read, deleted, and failing."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from starlette.types import Receive, Scope, Send

from servicekit.errors import Unavailable
from servicekit.http_server import bind, serve
from servicekit.ids import new_id
from tracking.protocols.transport import Body
from tracking.screenshots.store.pictures import PictureStore
from tracking.screenshots.store.screenshots import Screenshot

COMPANY = uuid4()
SHOT = Screenshot(new_id(), new_id(), new_id(), datetime(2026, 1, 5, 9, tzinfo=UTC), 32, 18, 12)
STEM = f"{COMPANY}/2026-01-05/{SHOT.screenshot_id}"
DATE = (b"last-modified", b"Mon, 05 Jan 2026 09:00:00 GMT")


def test_a_new_folder_is_its_users_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a home" / "of pictures"
    PictureStore(folder.as_uri())
    assert folder.stat().st_mode & 0o777 == 0o700


class Bucket:
    """As much of an S3 as objects need; `credentials` are those that its requests were signed with."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.credentials: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        self.credentials.add(headers[b"authorization"].decode().split("Credential=")[1].split("/")[0])
        arriving = Body(receive, headers.get(b"content-length"), limit=1_000_000, deadline=10)
        await arriving.read()
        body = bytes(arriving)
        name, code, content = scope["path"], 200, b""
        match scope["method"]:
            case "PUT":
                self.objects[name] = body
            case "POST" if scope["query_string"] == b"delete":
                removed = re.findall(r"<Key>(.+?)</Key>", body.decode())
                for key in removed:
                    self.objects.pop(f"{name}/{key}", None)
                deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in removed)
                content = f"<DeleteResult>{deleted}</DeleteResult>".encode()
            case _:
                code, content = (200, self.objects[name]) if name in self.objects else (404, b"")
        answered = [(b"etag", b'"1"'), (b"content-length", str(len(content)).encode()), DATE]
        await send({"type": "http.response.start", "status": code, "headers": answered})
        await send({"type": "http.response.body", "body": content})


@pytest.fixture
async def bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bucket]:
    """An S3 whose address and credentials are in the environment, as operations.md says."""
    listener, bucket = bind("127.0.0.1:0"), Bucket()
    environment = {
        "AWS_ENDPOINT": f"http://127.0.0.1:{listener.getsockname()[1]}",
        "AWS_ACCESS_KEY_ID": "tenantry",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-central-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    serving = asyncio.create_task(serve(bucket, listener))
    yield bucket
    serving.cancel()
    await asyncio.wait([serving])


async def keep_and_remove(store: PictureStore) -> None:
    assert await store.get(COMPANY, SHOT, thumbnail=False) is None
    for _ in range(2):  # a capture that comes again is written over
        await store.put(COMPANY, SHOT, b"picture", b"small")
    assert await store.get(COMPANY, SHOT, thumbnail=False) == b"picture"
    assert await store.get(COMPANY, SHOT, thumbnail=True) == b"small"
    assert await store.get(uuid4(), SHOT, thumbnail=True) is None
    for _ in range(2):
        await store.delete(COMPANY, SHOT.screenshot_id, SHOT.captured_at)
    assert await store.get(COMPANY, SHOT, thumbnail=True) is None


async def test_a_folder(tmp_path: Path) -> None:
    await keep_and_remove(PictureStore((tmp_path / "pictures").as_uri()))
    kept = await asyncio.to_thread(lambda: [path for path in tmp_path.rglob("*") if path.is_file()])
    assert not kept


async def test_a_bucket(bucket: Bucket) -> None:
    store = PictureStore("s3://pictures/tracking")
    await keep_and_remove(store)
    assert bucket.objects == {}
    await store.put(COMPANY, SHOT, b"picture", b"small")
    assert bucket.objects == {
        f"/pictures/tracking/{STEM}.jpg": b"picture",
        f"/pictures/tracking/{STEM}.small.jpg": b"small",
    }
    assert bucket.credentials == {"tenantry"}


async def test_a_bucket_that_does_not_answer(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    unused = bind("127.0.0.1:0")
    monkeypatch.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{unused.getsockname()[1]}")
    unused.close()
    store = PictureStore("s3://pictures/tracking")
    for call in (store.put(COMPANY, SHOT, b"picture", b"small"), store.get(COMPANY, SHOT, thumbnail=True)):
        with pytest.raises(Unavailable):
            await call
    with pytest.raises(Unavailable):
        await store.delete(COMPANY, SHOT.screenshot_id, SHOT.captured_at)
    assert bucket.objects == {}
