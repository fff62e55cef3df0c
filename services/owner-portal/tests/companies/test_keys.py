"""Rotating and revoking keys, with tenancy itself."""

from typing import Any
from uuid import uuid4

import pytest

from testkit.pages import Page

pytestmark = pytest.mark.usefixtures("following")


async def keys_of(owner: Any, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await owner.read(f"{path}keys/"))["keys"]["value"]
    return found


async def test_rotates_with_and_without_grace(owner: Any) -> None:
    company = await owner.found("Rotating Ltd")
    path = f"/owner/company/{company['id']}/"
    page = Page((await owner.browser.get(f"{path}rotate-key/")).text)
    assert {"24 hours", "7 days", "1 hour"} <= set(page.texts("fieldset label"))
    for words in ("the company's admin", company["key_hint"]):
        assert words in page.text
    answer = await owner.send(f"{path}rotate-key/", grace="24h", reason="a laptop was stolen")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    page = Page(answer.text)
    assert page.texts("#key")[0].startswith("company_")
    assert "The old key remains valid for 24 hours" in page.text
    assert [key["state"] for key in await keys_of(owner, path)] == ["LIVE", "ENDING"]

    answer = await owner.call(f"{path}rotate-key/")
    assert answer.status_code == 200, "without a word about it there is no grace"
    new = answer.json()["key"]
    assert [key["state"] for key in await keys_of(owner, path)] == ["LIVE", "ENDED", "ENDED"]
    listed = await owner.browser.get(f"{path}keys/")
    assert new[-4:] in [key["Last four"] for key in Page(listed.text).table()]
    assert new not in listed.text
    answer = await owner.call(f"{path}rotate-key/", key_hint=company["key_hint"])
    assert (answer.status_code, answer.json()["kind"]) == (409, "conflict"), "repeating replaces no second key"


async def test_a_repetition_shows_the_only_copy_again(owner: Any) -> None:
    company = await owner.found("Repeating Ltd")
    headers = {"x-csrf-token": owner.csrf_token, "idempotency-key": "the answer was lost"}
    fields = {"key_hint": company["key_hint"], "grace": "1h"}
    answers = [
        await owner.script.post(f"/owner/company/{company['id']}/rotate-key/", json=fields, headers=headers)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()["key"] == answers[1].json()["key"]


async def test_the_page_says_when_the_key_is_shown_again(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Reloading Ltd'))['id']}/rotate-key/"
    pages = [Page((await owner.send(path, grace="1h", once="my rotation")).text) for _ in range(2)]
    [first], [second] = [page.texts("#key") for page in pages]
    assert first == second, "a reload sends the same request"
    for page in pages:
        assert "Reloading this page within 24 hours shows it again" in page.text
        assert "only time" not in page.text


async def test_revokes_an_old_key(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Revoking Ltd'))['id']}/"
    await owner.call(f"{path}rotate-key/", grace="7d")
    [live, old] = await keys_of(owner, path)
    page = Page((await owner.browser.get(f"{path}keys/{old['key_id']}/revoke/")).text)
    assert f"The key ending in {old['hint']} is revoked" in page.text
    assert "1 other key remains active." in page.text
    answer = await owner.send(f"{path}keys/{old['key_id']}/revoke/", reason="found on a forum")
    assert answer.headers["location"] == f"{path}keys/?done=key-revoked#content"
    page = Page((await owner.browser.get(answer.headers["location"])).text)
    assert any(status.startswith("Key revoked.") for status in page.statuses)
    answer = await owner.call(f"{path}keys/{old['key_id']}/revoke/")
    assert (answer.status_code, answer.json()["kind"]) == (409, "refused")
    answer = await owner.call(f"{path}keys/{live['key_id']}/revoke/")
    assert answer.json()["keys_left"] == 0
    assert "No active key" in Page((await owner.browser.get(path)).text).text
    assert (await owner.browser.get(f"{path}keys/{uuid4()}/revoke/")).status_code == 404


async def test_keeps_what_was_typed(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Typing Ltd'))['id']}/rotate-key/"
    answer = await owner.send(path, grace="forever", reason="kept words")
    assert answer.status_code == 400
    page = Page(answer.text)
    assert page.texts("fieldset [role=alert]") == ["Choose one of these: none, 1h, 24h, 7d."]
    assert page.field("reason").value == "kept words"
    answer = await owner.send(path, grace="7d", reason="zero\0byte")
    assert answer.status_code == 400
    page = Page(answer.text)
    assert "Remove the character shown as \ufffd" in page.field("reason").error
    assert page.field("grace").value == "7d"
