"""Every native call: anonymous, with a wrong key or credential, of another company, and without access."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from credentials.throttle import BUDGETS, CountKind
from servicekit.settings import TlsSettings
from tenantry_ops.ports import LOOPBACK, free_port
from testkit.world import World
from tracker_client import NativeAgent
from tracking.access.api import Admission
from tracking.access.client.billing import BillingClient
from tracking.access.client.tenancy import TenancyClient
from tracking.access.rules.company_keys import Peppers
from tracking.access.rules.directory import AccessDirectory
from tracking.access.use_cases import ConfigWatch
from tracking.access.worker import AccessSync
from tracking.gateway.api import native as app
from tracking.gateway.api.context import Native
from tracking.gateway.api.native import NativeApi
from tracking.tasks.use_cases.tasks import assign_task

NOW = datetime.now(UTC).isoformat()
QUERY = {"session_id": str(uuid.uuid4()), "captured_at": NOW, "sent_at": NOW}
CALLS = {
    "devices": ("POST", {"json": {"email": "nobody@acme.example", "password": "guess", "name": "Laptop"}}),
    "devices/current": ("DELETE", {}),
    "sync": ("POST", {"json": {"sent_at": NOW, "records": []}}),
    "screenshots/0f8fad5b-d9cb-469f-a165-70867728950e": ("PUT", {"content": b"picture", "params": QUERY}),
    "config": ("GET", {}),
    "tasks": ("GET", {}),
    "tasks/1": ("PATCH", {"json": {"status": "DONE"}}),
}


async def ask(gateway_client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> httpx.Response:
    method, options = CALLS[path]
    return await gateway_client.request(method, f"/v1/{path}", headers=headers, **options)


def problem(reply: httpx.Response) -> tuple[int, str]:
    body = reply.json()
    assert reply.headers["content-type"] == "application/problem+json"
    assert body["status"] == reply.status_code
    assert body["detail"]
    assert ("retry-after" in reply.headers) == (reply.status_code in (429, 503))
    return reply.status_code, body["kind"]


async def test_every_call_is_tried(native_client: httpx.AsyncClient) -> None:
    paths = (await native_client.get("/v1/openapi.json")).json()["paths"]
    described = {
        (method.upper(), path.split("{")[0]) for path, found in paths.items() for method in found if "/v1" in path
    }
    tried = {(method, f"/v1/{path}") for path, (method, _options) in CALLS.items()}
    assert len(described) == len(tried)
    assert all(any(m == method and path.startswith(p) for m, p in described) for method, path in tried)


@pytest.mark.parametrize("path", CALLS)
async def test_without_a_key_or_with_a_wrong_one(native_client, agent: NativeAgent, path: str) -> None:
    credential = {"Authorization": agent.headers["Authorization"]}
    assert problem(await ask(native_client, path, credential)) == (401, "key_missing")
    for key in ("", "company_", "company_" + "0" * 32, "x" * 5000):
        assert problem(await ask(native_client, path, {**credential, "X-Company-Key": key})) == (401, "key_invalid")


@pytest.mark.parametrize("path", CALLS)
async def test_without_a_credential_or_with_a_wrong_one(native_client, tenant, agent, path: str) -> None:
    token = agent.headers["Authorization"].partition(" ")[2]
    kind = "wrong_credentials" if path == "devices" else "not_authenticated"
    for wrong in ("", "Bearer", "Bearer ", "Bearer guess", f"Token {token}", token, "Bearer \xff"):
        headers = {"X-Company-Key": tenant.key, "Authorization": wrong.encode("latin-1")}
        assert problem(await ask(native_client, path, headers)) == (401, kind)


@pytest.mark.parametrize("path", [path for path in CALLS if path != "devices"])
async def test_a_credential_opens_no_other_company(native_client, agent, new_tenant, path: str) -> None:
    other = await new_tenant(people=0)
    reply = await ask(native_client, path, {**agent.headers, "X-Company-Key": other.key})
    assert problem(reply) == (401, "not_authenticated")


async def test_a_suspended_company(own, enrol, native_client, suspend, reactivate) -> None:
    agent = await enrol(own)
    await suspend(own)
    for path in CALLS:
        assert problem(await ask(native_client, path, agent.headers)) == (403, "company_suspended")
    await reactivate(own)
    assert (await agent.sync(datetime.now(UTC))).status_code == 200


async def test_an_expired_one(own, enrol, native_client, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = await enrol(own)
    monkeypatch.setattr(app, "utc_now", lambda: datetime(2199, 1, 1, tzinfo=UTC))
    for path in CALLS:
        assert problem(await ask(native_client, path, agent.headers)) == (403, "company_expired")


@pytest.fixture
async def cut_off(gateway, native_api, world: World, tls: TlsSettings) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway without an access directory."""
    directory = AccessDirectory(Peppers(bytes.fromhex(world.platform.secrets.key_pepper)))
    tenancy, billing = (client(f"{LOOPBACK}:{free_port()}", tls) for client in (TenancyClient, BillingClient))
    admission = Admission(directory, AccessSync(directory, tenancy, billing))
    api = NativeApi(Native(gateway, admission, native_api._native.records, ConfigWatch()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://gateway") as client:
        yield client
    await asyncio.gather(tenancy.close(), billing.close())


async def test_unconfirmed_it_fails_closed(cut_off, agent) -> None:
    for path in CALLS:
        assert problem(await ask(cut_off, path, agent.headers)) == (503, "unavailable")


async def test_enrolling(own, native_client, stored) -> None:
    agent = NativeAgent("http://gateway/v1", own.key, native_client)
    answer = await agent.enrol(own.people[0].upper(), own.password, "  Bo's \x00laptop ")
    body = answer.json()
    assert (answer.status_code, body["employee_email"]) == (201, own.people[0])
    (row,) = await stored("device", own.company_id)
    assert (str(row["device_id"]), row["name"]) == (body["device_id"], "Bo's laptop")
    assert body["credential"].encode() not in row["token_digest"]
    assert (await agent.sync(datetime.now(UTC))).status_code == 200
    for wrong in ({"name": " \x07 "}, {"name": ""}, {"email": ""}, {"password": None}, {"password": "x" * 600}):
        fields = {"email": own.people[0], "password": own.password, "name": "Laptop", **wrong}
        assert problem(await agent.call("POST", "devices", json=fields)) == (400, "invalid_input")


async def test_guesses_are_slowed_down_and_said_when_to_come_again(own, native_client) -> None:
    agent = NativeAgent("http://gateway/v1", own.key, native_client)
    for _ in range(BUDGETS[CountKind.PAIR].window):
        assert (await agent.enrol(own.people[0], "guess")).status_code == 401
    reply = await agent.enrol(own.people[0], own.password)
    assert problem(reply) == (429, "rate_limited")
    assert int(reply.headers["retry-after"]) > 60


async def test_a_device_leaves_alone(own, enrol) -> None:
    one, two = await enrol(own), await enrol(own)
    assert (await one.call("DELETE", "devices/current")).status_code == 204
    assert problem(await one.call("DELETE", "devices/current")) == (401, "not_authenticated")
    assert problem(await one.sync(datetime.now(UTC))) == (401, "not_authenticated")
    assert (await two.sync(datetime.now(UTC))).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/v1/sync", (405, "method_not_allowed")),
        ("GET", "/v1/devices", (405, "method_not_allowed")),
        ("GET", "/v1/nothing", (404, "not_found")),
        ("GET", "/v1/config/", (404, "not_found")),
        ("PUT", "/v1/screenshots/no-uuid", (400, "invalid_input")),
        ("PATCH", "/v1/tasks/0", (400, "invalid_input")),
        ("GET", "/v1/config?wait=31", (400, "invalid_input")),
        ("GET", "/v1/config?version=-1", (400, "invalid_input")),
        ("GET", "/v1/config?wait=nan", (400, "invalid_input")),
    ],
)
async def test_other_paths_and_methods(agent, native_client, method: str, path: str, code: tuple[int, str]) -> None:
    assert problem(await native_client.request(method, path, headers=agent.headers)) == code


async def test_a_body_that_is_too_large_or_too_slow(agent, native_client, monkeypatch: pytest.MonkeyPatch) -> None:
    reply = await native_client.post("/v1/devices", content=b" " * (app.MAX_BODY_BYTES + 1), headers=agent.headers)
    assert problem(reply) == (413, "too_large")
    monkeypatch.setattr(app, "BODY_DEADLINE", 0.02)

    async def dribble() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    reply = await native_client.post("/v1/sync", content=dribble(), headers=agent.headers)
    assert problem(reply) == (408, "too_slow")
    assert reply.headers["connection"] == "close"


async def test_tasks(own, enrol, engine, stored) -> None:
    agent, other = await enrol(own), await enrol(own, 1)
    numbers = {row["email"]: row for row in await stored("employee", own.company_id)}
    await assign_task(
        engine,
        own.company_id,
        employee_number=numbers[own.people[0]]["number"],
        assigned_by=numbers[own.admin]["employee_id"],
        title="Write",
        description="it down",
        due_date=None,
        now=datetime.now(UTC),
    )
    (task,) = (await agent.call("GET", "tasks")).json()
    assert (task["title"], task["status"], task["assigned_by"], task["due_date"]) == ("Write", "OPEN", "Ada", None)
    changed = await agent.call("PATCH", f"tasks/{task['id']}", json={"status": "DONE"})
    assert (changed.status_code, changed.json()["status"]) == (200, "DONE")
    assert (await agent.call("GET", "tasks")).json()[0]["completed_at"] is not None
    assert problem(await agent.call("PATCH", f"tasks/{task['id']}", json={"status": "LATER"})) == (400, "invalid_input")
    assert (await other.call("GET", "tasks")).json() == []
    assert problem(await other.call("PATCH", f"tasks/{task['id']}", json={"status": "OPEN"})) == (404, "not_found")
