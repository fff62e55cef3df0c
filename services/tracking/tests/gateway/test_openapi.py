"""The OpenAPI description is accurate: requests that match it, or nearly do, never cause a 5xx."""

import asyncio
import json
import os
import random
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import openapi_spec_validator
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from PIL import Image
from schemathesis.checks import CHECKS
from schemathesis.core.result import Ok
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from servicekit.http_server import bind, serve
from services.tracking.tests.fixtures.gateway import Seat
from services.tracking.tests.fixtures.native import Enrol
from services.tracking.tests.fixtures.platform import Tenant
from tracker_client import NativeAgent
from tracking.gateway.api import refusals
from tracking.gateway.api.desktop import DesktopApi
from tracking.gateway.api.endpoints import ENDPOINTS
from tracking.gateway.api.native import NativeApi, description
from tracking.ingest.messages import sync as messages
from tracking.ingest.rules.records import Reason

NAMES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
EXAMPLES = 40  # of each call


def picture() -> bytes:
    file = BytesIO()
    Image.new("RGB", (64, 40)).save(file, "PNG")
    return file.getvalue()


PNG = picture()


@pytest.fixture(scope="module")
async def address(native_api: NativeApi, api: DesktopApi) -> AsyncIterator[str]:
    """Both APIs as the gateway serves them, on a port."""
    listener = bind("127.0.0.1:0")
    app = Starlette(routes=[Route("/v1/{rest:path}", native_api), Mount("/", api)])
    serving = asyncio.create_task(serve(app, listener))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    serving.cancel()
    await asyncio.wait([serving])


async def test_it_lists_every_call_of_both(native_client: httpx.AsyncClient) -> None:
    document = (await native_client.get("/v1/openapi.json")).json()
    assert {path for path in document["paths"] if path.startswith("/api")} == set(ENDPOINTS)
    types = document["components"]["schemas"]
    named = {record.__name__ for record in messages.AnyRecord.__args__}
    assert named <= set(types)
    assert document["paths"]["/v1/sync"]["post"]["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Sync"
    }


def test_it_keeps_to_the_specification() -> None:
    openapi_spec_validator.validate(json.loads(description()))


def test_each_status_says_what_to_do_by_its_kinds() -> None:
    document = json.loads(description())
    responses = document["components"]["responses"]
    for refusal in refusals.REFUSALS:
        said = responses.get(refusals.component(refusal.status), {}).get("description", "")
        assert refusal.status == 405 or refusal.then in said
    kinds = document["components"]["schemas"]["Problem"]["properties"]["kind"]["enum"]
    assert set(kinds) == set(refusals.kinds())
    reasons = document["components"]["schemas"]["Result"]["properties"]["reason"]["enum"]
    assert set(reasons) == {reason.name.lower() for reason in Reason}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert {"400", "401", "403", "413", "429", "500", "503"} <= set(operation["responses"]), path
            assert not {"4XX", "default"} & set(operation["responses"])


@pytest.mark.parametrize("kind", ["application", "website"])
@pytest.mark.parametrize("absent", [{}, {"title": None, "url": None}])
async def test_an_absent_title_or_address_is_none(agent: NativeAgent, kind: str, absent: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    named = {"name": "Editor"} if kind == "application" else {"domain": "a.example"}
    times = {"start": now.isoformat(), "end": (now + timedelta(seconds=5)).isoformat()}
    record = {"type": kind, "id": str(uuid.uuid4()), **named, **times, **absent}
    reply = await agent.call("POST", "sync", json={"sent_at": now.isoformat(), "records": [record]})
    assert reply.json()["results"] == [{"id": record["id"], "outcome": "stored"}]


async def test_wrong_credentials_are_another_kind_than_a_credential_that_has_ended(
    tenant: Tenant, native_client: httpx.AsyncClient
) -> None:
    """Of the first the person is asked again; with the second the device enrols again."""
    wrong = {"email": tenant.people[0], "password": "wrong", "name": "Laptop"}
    key = {"X-Company-Key": tenant.key}
    cases: dict[str, tuple[httpx.Response, str]] = {
        "wrong_credentials": (await native_client.post("/v1/devices", json=wrong, headers=key), "Password "),
        "not_authenticated": (await native_client.get("/v1/tasks", headers=key), "Bearer "),
        "key_missing": (await native_client.get("/v1/tasks"), "CompanyKey "),
        "key_invalid": (await native_client.get("/v1/tasks", headers={"X-Company-Key": "x"}), "CompanyKey "),
    }
    for kind, (reply, challenge) in cases.items():
        assert (reply.status_code, reply.json()["kind"]) == (401, kind)
        assert reply.headers["www-authenticate"].startswith(challenge)


async def test_a_desktops_401_says_what_is_missing(gateway_client: httpx.AsyncClient, tenant: Tenant) -> None:
    for headers in ({}, {"X-Company-Key": tenant.key}):
        reply = await gateway_client.post("/api/tasks/update", json={"task_id": 1, "status": "DONE"}, headers=headers)
        assert (reply.status_code, reply.headers["www-authenticate"]) == (401, 'Token realm="tracker"')


async def test_a_generated_client_sends_screenshots(
    address: str, agent: NativeAgent, tenant: Tenant, tmp_path: Path
) -> None:
    (tmp_path / "openapi.json").write_bytes(description())
    tool = [sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json", "--meta", "none"]
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    made = await asyncio.to_thread(
        subprocess.run,
        [*tool, "--fail-on-warning", "--output-path", "made_client"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert "Warning" not in made.stdout + made.stderr
    now = datetime.now(UTC)
    session = agent.start(now)
    await agent.sync(now)
    program = f"""
import io, uuid
from datetime import datetime, UTC
from made_client import Client
from made_client.api.native import enrol, put_screenshot
from made_client.models import Enrolment, Kept, Problem, ProblemKind
from made_client.types import File
client = Client(base_url={address!r}, headers={agent.headers!r})
refused = enrol.sync(client=client, body=Enrolment({tenant.people[0]!r}, "wrong", "Laptop"))
assert isinstance(refused, Problem) and refused.kind == ProblemKind.WRONG_CREDENTIALS, refused
now = datetime.now(UTC)
about = dict(session_id=uuid.UUID({session!r}), captured_at=now, sent_at=now)
kept = put_screenshot.sync(uuid.uuid4(), client=client, body=File(io.BytesIO({PNG!r})), **about)
assert isinstance(kept, Kept) and kept.outcome == "stored", kept
"""
    used = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert used.returncode == 0, used.stderr


async def test_every_call_keeps_to_it(
    address: str, seat: Seat, agent: NativeAgent, tenant: Tenant, enrol: Enrol
) -> None:
    leaving = await enrol(tenant)
    schema = await asyncio.to_thread(schemathesis.openapi.from_url, f"{address}/v1/openapi.json")
    tried = set()
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        headers = (leaving if operation.path == "/v1/devices/current" else agent).headers
        if operation.path.startswith("/api"):
            headers = {"X-Company-Key": tenant.key, "Authorization": f"Token {seat.account.token}"}
        await asyncio.to_thread(drive, operation, headers, seat.account.token)
        tried.add(operation.path)
    assert len(tried) == len(ENDPOINTS) + 7
    assert (await agent.sync(datetime.now(UTC))).status_code == 200
    assert await seat.is_heard()


def drive(operation: Any, headers: dict[str, str], token: str) -> None:
    checks = [check for check in CHECKS.get_all() if check.__name__ in NAMES]
    assert len(checks) == len(NAMES)
    choice = random.Random(7)

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    def run(case: Any) -> None:
        if choice.random() < 0.9:
            case.headers.update(headers)
            if isinstance(case.body, dict) and "active_token" in case.body:
                case.body["active_token"] = token
        if case.query and "wait" in case.query:
            case.query["wait"] = 0
        case.call_and_validate(checks=checks)

    run()
