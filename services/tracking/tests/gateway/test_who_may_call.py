"""Every desktop call: without a key, with a wrong one, with another company's, and with the right one."""

from typing import Any

import httpx
import pytest

from services.tracking.tests.fixtures.gateway import Seat
from services.tracking.tests.fixtures.platform import NewTenant, RotateKey, Tenant
from tracking.gateway.api.endpoints import ENDPOINTS

NO_KEY = (401, {"status": False, "message": "X-Company-Key header required"})
BAD_KEY = (401, {"status": False, "message": "Invalid company key"})
SIGN_IN = "Your sign-in is no longer valid; sign in again"
NOW = "2026-01-05 09:00:00"

# path: what it needs besides the token
CALLS: dict[str, dict[str, Any]] = {
    "/api/login": {"email": "nobody@acme.example", "password": "guess"},
    "/api/login-check": {"id": 1, "token": "guess"},
    "/api/work-session/create": {"session_start": NOW},
    "/api/work-session/stop": {"session_id": 1, "session_end": NOW},
    "/api/check-session-active": {"session_id": 1},
    "/api/upload/employee-activity": {"work_session_id": 1},
    "/api/screenshot/upload": {"work_session_id": 1},
    "/api/tasks/get": {},
    "/api/tasks/update": {"task_id": 1, "status": "DONE"},
    "/api/employee-config/": {},
    "/api/agent/heartbeat/": {},
    "/api/policy/": {},
}
WRONG_TOKEN = {
    "/api/login": (401, {"status": False, "message": "Invalid email or password"}),
    "/api/login-check": (200, {"status": False}),
    "/api/work-session/create": (401, {"status": False, "message": SIGN_IN}),
    "/api/work-session/stop": (200, {"status": True, "message": SIGN_IN}),
    "/api/check-session-active": (200, {"status": False, "message": SIGN_IN}),
    "/api/upload/employee-activity": (401, {"status": False, "message": SIGN_IN}),
    "/api/screenshot/upload": (401, {"status": False, "message": SIGN_IN}),
    "/api/tasks/get": (401, {"status": False, "message": SIGN_IN}),
    "/api/tasks/update": (401, {"status": False, "message": SIGN_IN}),
    "/api/employee-config/": (401, {"status": False, "message": SIGN_IN}),
    "/api/agent/heartbeat/": (401, {"status": False, "message": SIGN_IN}),
    "/api/policy/": (401, {"status": False, "message": SIGN_IN}),
}
IN_HEADER = {path: ENDPOINTS[path.rstrip("/")].method for path in CALLS if not ENDPOINTS[path.rstrip("/")].has_body}
ANOTHER_KEY = "company_" + "0123456789abcdef" * 2


async def ask(gateway_client: httpx.AsyncClient, path: str, key: str | bytes | None, token: str = "guess") -> Any:
    given = key.encode() if isinstance(key, str) else key
    headers = {} if given is None else {b"X-Company-Key": given}
    if path in IN_HEADER:
        reply = await gateway_client.request(
            IN_HEADER[path], path, headers=headers | {b"Authorization": f"Token {token}".encode()}
        )
    else:
        reply = await gateway_client.post(path, json=CALLS[path] | {"active_token": token}, headers=headers)
    return reply.status_code, reply.json()


def test_every_call_of_the_gateway_is_tried() -> None:
    assert {path.rstrip("/") for path in CALLS} == set(ENDPOINTS) == {path.rstrip("/") for path in WRONG_TOKEN}


@pytest.mark.parametrize("path", CALLS)
async def test_without_a_key(gateway_client: httpx.AsyncClient, path: str) -> None:
    assert await ask(gateway_client, path, None) == NO_KEY


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize(
    "key",
    [
        "",
        "company_",
        ANOTHER_KEY,
        ANOTHER_KEY.upper(),
        ANOTHER_KEY + "0",
        ANOTHER_KEY.encode() + b"\xff\xfe",
        "x" * 10_000,
        "' OR 1=1 --",
    ],
    ids=["empty", "prefix", "unknown", "upper case", "longer", "not ASCII", "huge", "SQL"],
)
async def test_with_a_key_that_nobody_has(gateway_client: httpx.AsyncClient, path: str, key: str | bytes) -> None:
    assert await ask(gateway_client, path, key) == BAD_KEY


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("token", ["guess", "x" * 512, "none \x00 such"])
async def test_with_a_wrong_token(gateway_client: httpx.AsyncClient, tenant: Tenant, path: str, token: str) -> None:
    if path in IN_HEADER:
        token = token.replace("\x00", "")  # no header can hold it
    assert await ask(gateway_client, path, tenant.key, token) == WRONG_TOKEN[path]


@pytest.mark.parametrize("path", [path for path in CALLS if path not in {"/api/login", "/api/login-check"}])
async def test_another_companys_key_opens_nothing_with_a_good_token(
    gateway_client: httpx.AsyncClient, seat: Seat, new_tenant: NewTenant, path: str
) -> None:
    other = await new_tenant(people=0)
    assert await ask(gateway_client, path, other.key, seat.account.token) == WRONG_TOKEN[path]


async def test_a_revoked_key_is_an_unknown_one(
    gateway_client: httpx.AsyncClient, new_tenant: NewTenant, rotate_key: RotateKey
) -> None:
    tenant = await new_tenant(people=0)
    new_key = await rotate_key(tenant)
    for path in CALLS:
        assert await ask(gateway_client, path, tenant.key) == BAD_KEY
        assert await ask(gateway_client, path, new_key) == WRONG_TOKEN[path]


async def test_as_it_should_be(seat: Seat) -> None:
    tracker, account = seat.tracker, seat.account
    assert (await tracker.login_check(account)).body == {"status": True}
    assert (await tracker.check_session_active(account, seat.session)).body["status"] is True
    assert (await tracker.employee_config(account)).body["status"] is True
    assert await seat.is_heard()


async def test_anybody_may_see_that_it_is_there(gateway_client: httpx.AsyncClient) -> None:
    reply = await gateway_client.get("/")
    assert (reply.status_code, reply.json()["status"]) == (200, True)
    assert (await gateway_client.head("/")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [("GET", "/api/login", 405), ("POST", "/api/employee-config/", 405), ("POST", "/", 404), ("GET", "/api/none", 404)],
)
async def test_other_methods_and_paths(gateway_client: httpx.AsyncClient, method: str, path: str, code: int) -> None:
    reply = await gateway_client.request(method, path)
    assert (reply.status_code, reply.json()["status"]) == (code, False)
