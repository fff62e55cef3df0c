"""Error pages say what was wrong, and with which field."""

import pytest

from services.tracking.tests.fixtures.platform import ReadRows, Tenant
from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser
from testkit.pages import Page

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


PERSON = {"name": "Bo", "email": "bo@acme.example", "password": "correct horse battery"}
SETTINGS = {"name": "Acme", "colour": "#123456", "target_hours": "8"}
ACCOUNT = {"name": "Bo", "email": "bo@acme.example", "role": "EMPLOYEE"}
EASY = "password1234"


@pytest.mark.parametrize(
    ("path", "fields", "field", "words"),
    [
        ("/setup", {"key": "company_x", "name": "Ada", "email": "a@b.example", "password": EASY}, "key", "No company"),
        ("/settings", SETTINGS | {"name": " "}, "name", "is missing"),
        ("/settings", SETTINGS | {"colour": "red"}, "colour", "must be written like"),
        ("/settings", SETTINGS | {"colour": "#ffffff"}, "colour", "choose a darker one"),
        ("/settings", SETTINGS | {"target_hours": "25"}, "target_hours", "1 to 24 hours"),
        ("/team", PERSON | {"name": "\u200b"}, "name", "the name"),
        ("/team", PERSON | {"email": "bo"}, "email", "e-mail"),
        ("/team", PERSON | {"email": "{admin}"}, "email", "has an account in this company already"),
        ("/team", PERSON | {"password": EASY}, "password", "password"),
        ("/team/{number}", {"title": " "}, "title", "the title"),
        ("/team/{number}", {"title": "Write", "description": "x" * 2001}, "description", "the description"),
        ("/team/{number}", {"title": "Write", "due_date": "soon"}, "due_date", "a date must be written like"),
        ("/team/{number}/account", ACCOUNT | {"role": "OWNER"}, "role", "the role must be"),
        ("/team/{number}/account", ACCOUNT | {"designation": "x" * 101}, "designation", "the job title"),
        ("/team/{number}/account", ACCOUNT | {"time_zone": "Mars"}, "time_zone", "one like Europe/Berlin"),
        ("/team/{number}/account", ACCOUNT | {"email": "{admin}"}, "email", "has an account"),
        ("/team/{number}/password", {"password": EASY}, "password", "password"),
        ("/account", {"present": "open sesame", "new": "correct horse battery"}, "present", "password is wrong"),
        ("/account", {"present": "open sesame tonight", "new": EASY}, "new", "password"),
    ],
)
async def test_a_message_stands_beside_its_field(
    admin: Browser, tenant: Tenant, stored: ReadRows, path: str, fields: dict[str, str], field: str, words: str
) -> None:
    people = {row["email"]: row["number"] for row in await stored("employee", tenant.company_id)}
    path = path.format(number=people[tenant.people[0]])
    reply = await admin.send(path, **{name: value.format(admin=tenant.admin) for name, value in fields.items()})
    assert reply.status_code in {400, 409}
    page = Page(reply.text)
    assert words in page.field(field, form=f"form[action='{path}']").error
    assert [each.name for each in page.fields() if each.invalid] == [field]
    assert [each["name"] for each in page.all("[autofocus]")] == [field], "the page opens where it is to be mended"
    [alert] = page.alerts
    assert alert in page.field(field, form=f"form[action='{path}']").error, "the message is announced as well"


@pytest.mark.parametrize(
    ("path", "status", "heading"),
    [
        ("/team", 403, "You may not open this"),
        ("/tasks/1/delete", 405, "Not possible from here"),
        ("/nowhere", 404, "Page not found"),
    ],
)
async def test_an_error_page_is_titled_by_its_kind(employee: Browser, path: str, status: int, heading: str) -> None:
    reply = await employee.see(path)
    page = Page(reply.text)
    assert (reply.status_code, page.heading) == (status, heading)
    assert page.title.startswith(heading)


async def test_an_error_of_no_field_marks_none(admin: Browser, tenant: Tenant, stored: ReadRows) -> None:
    people = {row["email"]: row["number"] for row in await stored("employee", tenant.company_id)}
    page = Page((await admin.send(f"/team/{people[tenant.admin]}/deactivate")).text)
    assert page.alerts == ["you cannot deactivate your own account; another admin can"]
    assert [each.name for each in page.fields() if each.invalid] == []
