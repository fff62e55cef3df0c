"""People with unmistakable names work; whatever the owner can reach is searched for them, and all logs."""

import re
from collections import deque

from tests.platform.canaries import search, search_database, search_logs, search_streams
from tests.platform.company import Found, Person
from tests.platform.desktops import at_work, post
from tests.platform.numbers import settled
from tests.platform.owner import Owner
from tests.platform.running import Running
from tracker_client import Window

PERSON = Person("Quillfeather Brambleworth", "quillfeather@plumthicket.example", "marmalade-orrery")
WINDOWS = (
    Window("Sprocketwriter", "Grumbleton severance.docx"),
    Window("Browser", "News", browser=True, domain="wobblegate.example", url="https://wobblegate.example/snickersnee"),
)
STORED = ("Quillfeather", "plumthicket", "Sprocketwriter", "Grumbleton", "wobblegate", "snickersnee", "flibberty")
WORDS = (*STORED, PERSON.password)


async def every_page(owner: Owner) -> dict[str, str]:
    """All that links lead to from the dashboard: pages, their every order and filter, scripts, styles."""
    found: dict[str, str] = {}
    waiting = deque(["/owner/dashboard/", "/owner/no/such/page/"])
    while waiting:
        path = waiting.popleft()
        answer = await owner.http.get(path, headers={"accept": "text/html"}, follow_redirects=True)
        found[path] = answer.text
        links = re.findall(r'(?:href|src)="(/[^"#]*)', answer.text)
        waiting += {link.replace("&amp;", "&") for link in links} - found.keys() - {*waiting}
    return found


async def test_nobody_leaves_a_trace_outside_of_tracking(running: Running, owner: Owner, found_company: Found) -> None:
    company = await found_company("Vireo", people=0)
    await company.hire(PERSON)
    desktop = await at_work(company, PERSON, hours=2)
    for window in (*WINDOWS, WINDOWS[0]):
        desktop.tick(600, window=window)
    rows = desktop.tables.snapshot()
    assert (await desktop.upload()).ok
    assert (await post(desktop, rows)).ok, "a repetition takes another way through the database"
    strange = {"app_name": "flibberty", "window_title": "x", "active_seconds": "long", "created_at": "then"}
    body = {"active_token": desktop.account.token, "work_session_id": desktop.session_id}
    for applications in ([strange], {"flibberty": strange}):
        await desktop.client.post("upload/employee-activity", body | {"applications": applications})
    assert (await desktop.client.login(PERSON.email, "marmalade-orrery, mistyped")).code == 401
    await settled(running, company.id)
    assert {word for _where, word in search_database(running, "tracking", STORED)} == set(STORED)
    words = (*WORDS, desktop.account.token)

    pages = await every_page(owner)
    assert any("Vireo" in page for page in pages.values()), "the search gets to the company's page"
    assert f"/owner/company/{company.id}/" in pages
    updates = owner.live(company.id)
    pages["live"] = str(await anext(updates))
    await updates.aclose()
    assert [find for path, page in pages.items() for find in search(path, page, words)] == []

    for database in ("portal", "tenancy", "billing"):
        assert search_database(running, database, words) == []
    assert await search_streams(running, words) == []
    assert search_logs(running, words) == []


async def test_the_search_finds_what_is_there(running: Running, owner: Owner, found_company: Found) -> None:
    company = await found_company("Willet", people=0)
    await company.hire(Person("Thistlewick", "thistlewick@plumthicket.example", "password"))
    await settled(running, company.id)
    assert {word for _where, word in search_database(running, "tracking", ["thistlewick"])} == {"thistlewick"}
    assert search_database(running, "portal", ["willet"])
    assert await search_streams(running, [company.id])
    assert search_logs(running, ["serving HTTP"])
    assert "Willet" in await owner.page("/owner/dashboard/")
