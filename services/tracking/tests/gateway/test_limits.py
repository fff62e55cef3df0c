"""Size limits of request bodies from both sides: the limit is accepted, one byte more is refused."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from servicekit.ids import new_id
from services.tracking.tests.fixtures.platform import Tenant
from tracker_client import NativeAgent
from tracking.access.rules.directory import AccessDirectory
from tracking.access.worker import AccessSync
from tracking.gateway.api import native as app
from tracking.gateway.api.desktop import DesktopApi
from tracking.gateway.api.native import NativeApi
from tracking.ingest.api.sync import MAX_BODY_BYTES as MAX_BATCH_BYTES
from tracking.ingest.api.sync import MAX_COMMAS
from tracking.ingest.messages.sync import MAX_RECORDS
from tracking.processes.workspace import MAX_BODY_BYTES as MAX_FORM_BYTES
from tracking.processes.workspace import workspace_app
from tracking.screenshots.api import native as screenshots
from tracking.screenshots.api.desktop import MAX_SCREENSHOT_BYTES
from tracking.screenshots.store.pictures import PictureStore


@pytest.fixture
async def client(
    native_api: NativeApi,
    api: DesktopApi,
    engine: AsyncEngine,
    dispatch: AsyncEngine,
    directory: AccessDirectory,
    sync: AccessSync,
    pictures: PictureStore,
) -> AsyncIterator[httpx.AsyncClient]:
    """The gateway's two HTTP APIs, and the workspace on all other paths."""
    pages = workspace_app(engine, dispatch, directory, sync, health=[], pictures=pictures, cookie_secure=False)
    apis = Starlette(routes=[Route("/v1/{rest:path}", native_api), Mount("/", BothApis(api, pages))])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(apis), base_url="http://gateway") as http:
        yield http


class BothApis:
    """Paths under /api go to the desktop API, everything else to the workspace."""

    def __init__(self, api: DesktopApi, pages: ASGIApp) -> None:
        self._api, self._pages = api, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._api if scope["path"].startswith("/api") else self._pages)(scope, receive, send)


def records(count: int) -> bytes:
    at = datetime.now(UTC).isoformat()
    return json.dumps({"sent_at": at, "records": [{"id": str(new_id())}] * count}).encode()


@pytest.mark.parametrize("case", ["login", "enrolment", "batch", "commas", "records", "photo", "picture", "form"])
async def test_as_much_as_is_allowed_and_one_more(
    client: httpx.AsyncClient, agent: NativeAgent, tenant: Tenant, case: str
) -> None:
    key = {"x-company-key": tenant.key}
    picture = f"/v1/screenshots/{new_id()}?session_id={new_id()}&captured_at=2026-01-01T00:00:00Z"
    cases = {
        "login": ("POST", "/api/login", key, app.MAX_BODY_BYTES),
        "enrolment": ("POST", "/v1/devices", key, app.MAX_BODY_BYTES),
        "batch": ("POST", "/v1/sync", agent.headers, MAX_BATCH_BYTES),
        "photo": ("POST", "/api/screenshot/upload", key, MAX_SCREENSHOT_BYTES),
        "picture": ("PUT", f"{picture}&sent_at=2026-01-01T00:00:00Z", agent.headers, screenshots.MAX_BODY_BYTES),
        "form": ("POST", "/login", {}, MAX_FORM_BYTES),
    }
    if case == "commas":
        for more, status in ((0, 400), (1, 413)):  # as many are read: they are no batch
            reply = await client.post("/v1/sync", content=b"," * (MAX_COMMAS + more), headers=agent.headers)
            assert reply.status_code == status
        return
    if case == "records":
        for count, status in ((MAX_RECORDS, 200), (MAX_RECORDS + 1, 413)):
            reply = await client.post("/v1/sync", content=records(count), headers=agent.headers)
            assert reply.status_code == status
        return
    method, path, headers, limit = cases[case]
    for more in (0, 1):
        body = b"{}".ljust(limit + more)
        for content in (body, _chunks(body)):
            reply = await client.request(method, path, content=content, headers=headers)
            assert (reply.status_code == 413) == bool(more), reply.text
            assert reply.status_code < 500


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 256 * 1024):
        yield body[start : start + 256 * 1024]
