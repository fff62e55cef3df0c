"""Every endpoint: anonymous, with the wrong token, from another site; and the headers of every answer."""

from typing import Any

import httpx
import pytest

from owner_portal.access.rules import csrf_token, is_csrf_token
from testkit.pages import Page

COMPANY = "/owner/company/01980000-0000-7000-8000-000000000001/"
SOME_ID = "01980000-0000-7000-8000-000000000001"
PAGES = [
    "/",
    "/owner",
    "/owner/",
    "/owner/dashboard/",
    "/owner/company/create/",
    COMPANY,
    "/owner/owners/",
    "/owner/account/",
]
ACTIONS = [
    "/owner/logout/",
    "/owner/step-up/",
    "/owner/owners/invite/",
    f"/owner/owners/{SOME_ID}/deactivate/",
    f"/owner/owners/invitations/{SOME_ID}/withdraw/",
    "/owner/account/password/",
    f"/owner/account/sessions/{SOME_ID}/revoke/",
    "/owner/account/sessions/revoke-others/",
    "/owner/account/second-factor/",
    "/owner/account/second-factor/confirm/",
    "/owner/account/second-factor/recovery-codes/",
    "/owner/account/second-factor/remove/",
    "/owner/company/create/",
    f"{COMPANY}suspend/",
    f"{COMPANY}reactivate/",
    f"{COMPANY}rotate-key/",
]


@pytest.mark.parametrize("path", PAGES)
async def test_pages_ask_to_sign_in(anonymous: httpx.AsyncClient, path: str) -> None:
    answer = await anonymous.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/owner/login/")


@pytest.mark.parametrize("path", [*PAGES, "/owner/events/"])
async def test_scripts_get_401(anonymous: httpx.AsyncClient, path: str) -> None:
    answer = await anonymous.get(path, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["kind"]) == (401, "not_authenticated")


@pytest.mark.parametrize("path", ACTIONS)
async def test_actions_need_a_session(anonymous: httpx.AsyncClient, path: str) -> None:
    assert (await anonymous.post(path)).headers["location"] == "/owner/login/"
    headers = {"accept": "application/json", "cookie": "tenantry-owner=ü"}
    answer = await anonymous.post(path, json={}, headers=httpx.Headers(headers, encoding="utf-8"))
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ACTIONS)
@pytest.mark.parametrize("token", ["", "0" * 128, "ü"])
async def test_actions_need_the_token(owner: Any, path: str, token: str) -> None:
    answer = await owner.browser.post(path, data={"csrf_token": token, "reason": "because"})
    assert answer.status_code == 403
    assert "has expired" in Page(answer.text).text
    answer = await owner.script.post(path, json={"reason": "because"})
    assert (answer.status_code, answer.json()["kind"]) == (403, "forbidden")
    assert "X-CSRF-Token" in answer.json()["detail"]


def test_each_page_has_another_token_and_all_of_them_count() -> None:
    tokens = [csrf_token("session") for _ in range(3)]
    assert len(set(tokens)) == 3
    assert all(is_csrf_token(token, tokens[0]) for token in tokens)
    assert not is_csrf_token(csrf_token("other"), tokens[0])
    assert not is_csrf_token(tokens[0][:-2], tokens[0])


@pytest.mark.parametrize("path", ACTIONS)
async def test_actions_refuse_another_site(owner: Any, path: str) -> None:
    form = {"csrf_token": owner.csrf_token, "reason": "because"}
    answer = await owner.browser.post(path, data=form, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/owner/login/", "/owner/dashboard/", "/owner/nowhere/", "/healthz"])
async def test_security_headers(owner: Any, path: str) -> None:
    headers = (await owner.browser.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"


async def test_static_files(anonymous: httpx.AsyncClient) -> None:
    page = Page((await anonymous.get("/owner/login/")).text)
    answer = await anonymous.get(str(page.one("link[rel=stylesheet]")["href"]))
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]


async def test_error_pages(owner: Any) -> None:
    for path in ("/owner/nowhere/", COMPANY, "/owner/company/none/"):
        answer = await owner.browser.get(path)
        assert answer.status_code == 404
        assert Page(answer.text).heading == "Page not found"
    answer = await owner.script.get(COMPANY)
    assert answer.json()["kind"] == "not_found"
    assert (await owner.browser.get("/owner/logout/")).status_code == 405


async def test_large_bodies_are_cut(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.post("/owner/login/", content=b"a" * 400_000)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "body", [b"{", b'{"reason": [1]}', b'{"reason": null}', b'"x"', b'{"reason": "\\u0000"}', b'{"reason": "\\ud800"}']
)
async def test_strange_json_is_refused(owner: Any, body: bytes) -> None:
    headers = {"content-type": "application/json", "x-csrf-token": owner.csrf_token}
    answer = await owner.script.post(f"{COMPANY}suspend/", content=body, headers=headers)
    assert (answer.status_code, answer.json()["kind"]) == (400, "invalid_input")
