"""Error pages say what was wrong, and with which field."""

import pytest

from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser

LOGIN = {"email": "ada@acme.example", "password": "open sesame tonight"}


@pytest.mark.parametrize(("path", "allowed"), [("/logout", {"POST"}), ("/tasks/1/delete", {"POST"})])
async def test_a_page_that_only_takes_forms(admin: Browser, path: str, allowed: set[str]) -> None:
    reply = await admin.see(path)
    assert reply.status_code == 405
    assert set(reply.headers["allow"].split(", ")) == allowed
    assert "takes only what its page sends" in reply.text
    assert "no such page" not in reply.text
    assert reply.headers["content-type"] == "text/html; charset=utf-8"


async def test_a_form_that_cannot_be_read(open_browser: OpenBrowser) -> None:
    headers = {"Content-Type": "multipart/form-data"}  # without the boundary
    reply = await open_browser().http.post("/login", content=b"x", headers=headers)
    assert reply.status_code == 400
    assert "The form could not be read" in reply.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"email": "x" * 513}, "E-mail must have at most 512 characters"),
        ({"password": ""}, "Password is required"),
        ({"email": "", "password": "x" * 513}, "E-mail is required; Password must have at most 512 characters"),
    ],
)
async def test_a_field_that_does_not_fit(open_browser: OpenBrowser, fields: dict[str, str], words: str) -> None:
    reply = await open_browser().http.post("/login", data=LOGIN | fields)
    assert reply.status_code == 400
    assert words in reply.text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/reports?day=soon", "Day must be a date like 2026-01-31"),
        ("/reports/use?first=soon", "From must be a date like 2026-01-31"),
        ("/tasks?status=CLOSED", "Status must be &#39;OPEN&#39;, &#39;IN_PROGRESS&#39; or &#39;DONE&#39;"),
        ("/tasks?person=x", "Person must be a whole number"),
        ("/tasks?person=0", "Person must be above 0"),
        (f"/tasks?person={2**63}", f"Person must be below {2**63}"),
        ("/sessions?after=0", "There is no such page of the list"),
        (f"/sessions?after={'x' * 81}", "After must have at most 80 characters"),
        ("/tasks/one", "There is no such page"),
        ("/screenshots/one", "There is no such page"),
    ],
)
async def test_an_address_that_asks_for_something_odd(admin: Browser, path: str, words: str) -> None:
    reply = await admin.see(path)
    assert reply.status_code == 400
    assert words in reply.text
