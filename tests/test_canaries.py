"""Canary names: everything that the owner can reach, and all logs, are searched for people with unique names."""

from collections import Counter, deque
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx
from PIL import Image, PngImagePlugin

from testkit.pages import Page
from testkit.waiting import eventually
from tests.platform.canaries import search_all, search_database, search_logs, search_streams
from tests.platform.company import Company, Found, Person
from tests.platform.desktops import at_work, post, uploaded
from tests.platform.listening_portal import ListeningPortal, listening_portal
from tests.platform.numbers import settled
from tests.platform.owner import Owner
from tests.platform.running import Running
from tracker_client import Desktop, NativeAgent, Window

PERSON = Person("Quillfeather Brambleworth", "quillfeather@plumthicket.example", "marmalade-orrery")
WINDOWS = (
    Window("Sprocketwriter", "Grumbleton severance.docx"),
    Window("Browser", "News", browser=True, domain="wobblegate.example", url="https://wobblegate.example/snickersnee"),
)
TASK = ("Zephyrine inventory", "recount the parsnipscopes")
TASK_NOTE = "ask Quibblewick"
DEVICE = "Larkspur laptop"
NOTED = "dandelionaut"  # in a picture's metadata, which re-encoding drops
STORED = (
    *("Quillfeather", "plumthicket", "Sprocketwriter", "Grumbleton", "wobblegate", "snickersnee", "flibberty"),
    *("Zephyrine", "parsnipscope", "Quibblewick", "Larkspur"),
)
WORDS = (*STORED, PERSON.password, "gallimaufry", NOTED)
COMPANY_CHANGES = "/contracts.tenancy.v1.TenancyService/ListCompanyChanges"
MAX_VARIANTS = 12  # of orders and filters of one page


def targets(answer: httpx.Response) -> Iterator[str]:
    """The addresses of the same site in a page: of links, forms and files, and those that scripts load."""
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return
    for element in Page(answer.text).all("*"):
        for name, value in element.attrs.items():
            is_address = name in {"href", "src", "action"} or name.startswith("data-")
            if is_address and str(value).startswith("/"):
                yield str(value).partition("#")[0]


async def every_answer(owner: Owner, company_id: str) -> dict[str, bytes]:
    """Follows all links from the dashboard, as HTML and as JSON, including scripts, styles and CSV files.

    Tries some orders and filters of each page, and only this company.
    """
    found: dict[str, bytes] = {}
    looks: Counter[str] = Counter()
    waiting = deque(["/owner/dashboard/", "/owner/no/such/page/"])
    while waiting:
        address = waiting.popleft()
        for accepted in ("text/html", "application/json"):
            answer = await owner.http.get(address, headers={"accept": accepted}, follow_redirects=True)
            found[f"{address} as {accepted}"] = repr(answer.headers).encode() + answer.content
            for target in targets(answer):
                path = target.partition("?")[0]
                other = "/owner/company/" in path and company_id not in path and "create" not in path
                if target not in looks and looks[path] < MAX_VARIANTS and not other:
                    looks[target] += 1
                    looks[path] += target != path
                    waiting.append(target)
    return found


async def every_action(owner: Owner, company_id: str) -> dict[str, bytes]:
    """Collects the responses to the owner's valid and invalid actions."""
    found: dict[str, bytes] = {}
    for action in ("suspend", "suspend", "reactivate", "rotate-key", "change-plan", "edit", "nonsense"):
        answer = await owner.act(f"{company_id}/{action}", reason="the invoice is open", plan_code="PRO")
        found[f"{action} {answer.status_code} {len(found)}"] = answer.content
    return found


def told_of_companies(running: Running, portal: ListeningPortal) -> bool:
    """Restarts the change list until this portal is the one that reads it.

    The platform's own portal follows the same list with the same cursor, and only the first request gets a change.
    """
    running.execute("portal", "UPDATE source SET revision = 0 WHERE name = 'companies'")
    return any(method == COMPANY_CHANGES and b"Vireo" in answer for method, answer in portal.everything())


def noted_picture() -> bytes:
    """Returns a PNG with text metadata."""
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", NOTED)
    file = BytesIO()
    Image.new("RGB", (64, 36), "teal").save(file, "PNG", pnginfo=notes)
    return file.getvalue()


async def photograph(company: Company, desktop: Desktop) -> str:
    """Sends a picture; returns the name under which it is stored."""
    assert desktop.account is not None
    desktop.capture(noted_picture())
    assert await desktop.upload_screenshots() == 1
    [found] = company.running.rows(
        "tracking",
        "SELECT screenshot_id FROM screenshot JOIN employee USING (company_id, employee_id) WHERE number = %s",
        desktop.account.id,
    )
    files = list((company.running.home.root / "pictures").rglob(f"{found.screenshot_id}*"))
    assert len(files) == 2, "the picture and its thumbnail"
    assert search_all([(path.name, path.read_bytes()) for path in files], [NOTED]) == []
    return str(found.screenshot_id)


async def enrol(company: Company) -> str:
    """Uses a new agent of the same person; returns its credential."""
    async with httpx.AsyncClient() as http:
        agent = NativeAgent(f"{company.running.gateway}/v1", company.key, http)
        assert (await agent.enrol(PERSON.email, PERSON.password, DEVICE)).status_code == 201
    return agent.headers["Authorization"].removeprefix("Bearer ")


async def work(company: Company) -> tuple[str, ...]:
    """Simulates a day at the desktop with all kinds of input, valid and invalid.

    Returns the secrets of the desktop: its token, the picture's name and the new agent's credential.
    """
    desktop = await at_work(company, PERSON, hours=2)
    for window in (*WINDOWS, WINDOWS[0]):
        desktop.tick(600, window=window)
    rows = desktop.tables.snapshot()
    assert (await uploaded(desktop)).ok
    assert (await post(desktop, rows)).ok, "a repetition takes another way through the database"
    assert desktop.account is not None
    strange = {"app_name": "flibberty", "window_title": "x", "active_seconds": "long", "created_at": "then"}
    body = {"active_token": desktop.account.token, "work_session_id": desktop.session_id}
    for applications in ([strange], {"flibberty": strange}):
        await desktop.client.post("upload/employee-activity", body | {"applications": applications})
    await company.give_task(desktop.account.id, *TASK)
    tasks = (await desktop.client.get_tasks(desktop.account)).fields["data"]
    await company.note_task(tasks[0]["id"], TASK_NOTE)
    done = {"task_id": tasks[0]["id"], "status": "DONE", "note": "gallimaufry"}
    assert (await desktop.client.post("tasks/update", body | done)).ok
    assert (await desktop.client.login(PERSON.email, "marmalade-orrery, mistyped")).code == 401
    return desktop.account.token, await photograph(company, desktop), await enrol(company)


async def test_nobody_leaves_a_trace_outside_of_tracking(
    running: Running, found_company: Found, tmp_path: Path
) -> None:
    secrets = running.platform.secrets
    async with (
        listening_portal(running, tmp_path) as portal,
        httpx.AsyncClient(base_url=portal.url, timeout=30) as http,
    ):
        owner = await Owner.sign_in(http, secrets.owner_email, secrets.owner_password)
        company = await found_company("Vireo", people=3, plan="FREE")
        await company.hire(PERSON)  # the fifth of five seats: there will be an alert
        token, picture, credential = await work(company)
        words = (*WORDS, token, picture, credential)
        await settled(running, company.id)
        kept = {*STORED, picture}
        assert {word for _where, word in search_database(running, "tracking", words)} == kept

        running.execute("portal", "DELETE FROM alert_digest")  # otherwise the next digest would wait an hour
        await owner.post("/owner/alerts/emails/", frequency="HOURLY")
        running.execute("portal", "UPDATE alert_turn SET taken_at = '-infinity'")
        await eventually(lambda: [mail for mail in portal.mails if "Vireo" in mail.read_text()])
        answers = await every_answer(owner, company.id)
        updates = owner.live(company.id)
        answers["live"] = str(await anext(updates)).encode()
        await updates.aclose()
        answers |= await every_action(owner, company.id)
        await eventually(lambda: told_of_companies(running, portal))

    everything = [*answers.items(), *portal.everything()]
    assert search_all(everything, words) == []
    for database in ("portal", "tenancy", "billing"):
        assert search_database(running, database, words) == []
    assert await search_streams(running, words) == []
    assert search_logs(running, words) == []

    # The same search finds permitted words in each of these places, so it has searched them.
    assert {where for where, _word in search_all(answers.items(), ["Vireo"])} >= {
        "/owner/dashboard/ as text/html",
        f"/owner/company/{company.id}/ as text/html",
        "/owner/alerts/ as application/json",
        "/owner/dashboard/companies.csv as text/html",
    }
    heard = {where for where, _word in search_all(portal.everything(), ["Vireo", company.id])}
    assert COMPANY_CHANGES in heard
    assert heard & {mail.name for mail in portal.mails}
    assert any(where.startswith(f"usage.v1.{company.id}.") for where in heard)
    assert "serving HTTP" in portal.log.read_text()


async def test_the_search_finds_what_is_there(running: Running, owner: Owner, found_company: Found) -> None:
    company = await found_company("Willet", people=0)
    await company.hire(Person("Thistlewick", "thistlewick@plumthicket.example", "correct horse canary"))
    await settled(running, company.id)
    assert {word for _where, word in search_database(running, "tracking", ["thistlewick"])} == {"thistlewick"}
    assert search_database(running, "portal", ["willet"])
    assert await search_streams(running, [company.id])
    assert search_logs(running, ["serving HTTP"])
    assert "Willet" in (await owner.page("/owner/dashboard/")).text
