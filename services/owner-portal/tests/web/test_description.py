"""The OpenAPI description is valid, complete, and in accord with what the portal answers."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from openapi_spec_validator import validate

import owner_portal
from owner_portal.app import description
from owner_portal.web.openapi import PATH
from servicekit.ids import new_id

DOCUMENT = description()
FOR_BROWSERS = {
    "GET /": "a redirect",
    "GET /owner": "a redirect",
    "GET /owner/": "a redirect",
    "GET /owner/login/": "the page of the sign-in form",
    "GET /owner/invitation/": "the page behind the link of an e-mail",
    "GET /owner/events/": "a stream for open pages",
    "GET /owner/account/second-factor/": "a form; the account says whether there is a second factor",
    "GET /owner/account/second-factor/recovery-codes/{answer_id}/": "a script gets the codes from the request for them",
    "GET /owner/reports/movements/": "the rows of movements.csv",
    "POST /owner/held/": "a form that was kept during a sign-in",
}


def operations(method: str) -> dict[str, dict[str, Any]]:
    """The described operations by path."""
    return {path: methods[method] for path, methods in DOCUMENT["paths"].items() if method in methods}


def routes() -> Iterator[str]:
    """Every route of the portal, as its method and path."""
    found = walk_packages(owner_portal.__path__, "owner_portal.")
    modules = [import_module(each.name) for each in found if ".pages" in each.name]
    routers = [router for module in modules if isinstance(router := vars(module).get("router"), APIRouter)]
    for route in (route for router in routers for route in router.routes):
        assert isinstance(route, APIRoute)
        path = re.sub(r"{(\w+):\w+}", r"{\1}", route.path)
        yield from (f"{method} {path}" for method in route.methods or ())


@pytest.fixture(scope="module")
async def ids(owner: Any, png: bytes, following: object) -> dict[str, str]:  # noqa: ARG001 - billing answers
    """A value for each parameter of a path, by its name."""
    company: str = (await owner.found("Described Ltd"))["id"]
    path = f"/owner/company/{company}"
    assert (await owner.call(f"{path}/renew/", reason="they signed")).status_code == 200
    changed = await owner.call(f"{path}/change-plan/", plan_code="FREE", reason="too dear")
    paid = await owner.call(f"{path}/record-payment/", amount="1.00", reason="paid")
    assert paid.status_code == 200, paid.text
    bill = await owner.read(f"{path}/billing/")
    picture = {"logo": ("logo.png", png, "image/png")}
    form = {"csrf_token": owner.csrf_token, "reason": "theirs"}
    assert (await owner.browser.post(f"{path}/logo/edit/", data=form, files=picture)).status_code == 303
    return {
        "company_id": company,
        "key_id": (await owner.read(f"{path}/keys/"))["keys"]["value"][0]["key_id"],
        "change_id": changed.json()["scheduled"]["change_id"],
        "payment_id": bill["payments"]["value"][0]["payment_id"],
        "invitation_id": str(new_id()),
        "owner_id": str(new_id()),
        "session_id": str(new_id()),
        "chart": "new-companies",
        "code": "PRO",
    }


def test_it_is_valid_and_printed() -> None:
    validate(DOCUMENT)
    command = [str(Path(sys.executable).with_name("tenantry-owner-portal")), "describe"]
    assert json.loads(subprocess.run(command, capture_output=True, check=True).stdout) == DOCUMENT


async def test_it_is_served_to_owners_alone(owner: Any, anonymous: httpx.AsyncClient) -> None:
    assert await owner.read(PATH) == DOCUMENT
    assert (await anonymous.get(PATH, headers={"accept": "application/json"})).status_code == 401


def test_every_route_is_described_or_for_browsers() -> None:
    described = {f"{method.upper()} {path}" for method in ("get", "post") for path in operations(method)}
    assert set(routes()) == described | FOR_BROWSERS.keys()
    assert not described & FOR_BROWSERS.keys()


@pytest.mark.parametrize("path", [name.removeprefix("GET ") for name in FOR_BROWSERS if name.startswith("GET ")])
async def test_what_is_not_described_answers_no_json(owner: Any, ids: dict[str, str], path: str) -> None:
    async with owner.script.stream("GET", path.format(**ids, answer_id=new_id())) as answer:
        assert answer.headers.get("content-type", "").split(";")[0] != "application/json"


@pytest.mark.parametrize("path", list(operations("get")))
async def test_it_can_be_read(owner: Any, ids: dict[str, str], path: str) -> None:
    operation = operations("get")[path]
    query = {"days": "7"} if path == "/owner/retention-policy/{code}/" else {}
    answer = await owner.script.get(path.format(**ids), params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].split(";")[0] in operation["responses"]["200"]["content"]


@pytest.mark.parametrize("path", list(operations("post")))
async def test_an_action_takes_the_described_fields(owner: Any, ids: dict[str, str], path: str) -> None:
    content = operations("post")[path]["requestBody"]["content"]
    fields = next(iter(content.values()))["schema"].get("properties", {})
    answer = await owner.call(path.format(**ids), no_such_field="x")
    problem = answer.json()
    assert (answer.status_code, problem["kind"]) == (400, "invalid_input"), problem
    assert {"field": "no_such_field", "detail": problem["detail"]} in problem["errors"]
    known = problem["detail"].partition("Known fields: ")[2].removesuffix(".")
    assert known == (", ".join(sorted(fields)) or "none")


async def test_an_action_does_what_is_described(owner: Any, ids: dict[str, str]) -> None:
    path = f"/owner/company/{ids['company_id']}/extend/"
    schema = operations("post")["/owner/company/{company_id}/extend/"]["requestBody"]["content"]["application/json"]
    assert set(schema["schema"]["required"]) == {"days"}
    headers = {"x-csrf-token": owner.csrf_token, "idempotency-key": str(new_id())}
    answers = [await owner.script.post(path, json={"days": 3, "reason": "goodwill"}, headers=headers) for _ in "12"]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json(), "a repetition has no second effect"
