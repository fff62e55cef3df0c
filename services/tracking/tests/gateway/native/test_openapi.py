"""The description is true: whatever fits it, or hardly does, is answered as it says, and never with a 5xx."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from servicekit.http_server import bind, serve
from tracking.api.desktop.calls import ENDPOINTS
from tracking.api.native import messages

NAMES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
EXAMPLES = 40  # of each call


@pytest.fixture(scope="module")
async def address(native_api, api) -> AsyncIterator[str]:
    """Both APIs as the gateway serves them, on a port."""
    listener = bind("127.0.0.1:0")
    app = Starlette(routes=[Route("/v1/{rest:path}", native_api), Mount("/", api)])
    serving = asyncio.create_task(serve(app, listener))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    serving.cancel()
    await asyncio.wait([serving])


async def test_it_lists_every_call_of_both(native_door: httpx.AsyncClient) -> None:
    document = (await native_door.get("/v1/openapi.json")).json()
    assert {path for path in document["paths"] if path.startswith("/api")} == set(ENDPOINTS)
    types = document["components"]["schemas"]
    named = {record.__name__ for record in messages.AnyRecord.__args__}
    assert named <= set(types)
    assert document["paths"]["/v1/sync"]["post"]["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Sync"
    }


async def test_every_call_keeps_to_it(address: str, seat, agent, tenant, enrol) -> None:
    leaving = await enrol(tenant)
    schema = await asyncio.to_thread(schemathesis.openapi.from_url, f"{address}/v1/openapi.json")
    tried = set()
    for result in schema.get_all_operations():
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
