"""Test companies: created by the owner, set up with their key, filled by their admin."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from testkit.pages import Page
from testkit.waiting import eventually
from tests.platform.owner import Owner
from tests.platform.running import Running
from tracker_client import TrackerClient


@dataclass(frozen=True)
class Person:
    """An account."""

    name: str
    email: str
    password: str


@dataclass
class Company:
    """A company that is set up; `people` are its employees without the admin."""

    running: Running
    id: str
    name: str
    key: str
    admin: Person
    workspace: httpx.AsyncClient
    people: list[Person] = field(default_factory=list)

    def tracker(self, http: httpx.AsyncClient | None = None) -> TrackerClient:
        """Returns a tracker with the key; without `http` it opens a connection per call, like the real one."""
        return TrackerClient(f"{self.running.gateway}/api", self.key, http=http)

    async def page(self, path: str) -> Page:
        """Returns a page, as the admin sees it."""
        answer = await self.workspace.get(path)
        assert answer.status_code == 200, answer.text
        return Page(answer.text)

    async def team_page(self) -> httpx.Response:
        """Requests the admin's page; returns any response."""
        return await self.workspace.get("/team")

    async def hire(self, person: Person) -> None:
        """Adds an employee, as the admin."""
        await self._send("/team", name=person.name, email=person.email, password=person.password)
        self.people.append(person)

    async def give_task(self, number: int, title: str, description: str) -> None:
        """Assigns a task to the employee with that number, as the admin."""
        await self._send(f"/team/{number}", title=title, description=description)

    async def note_task(self, number: int, note: str) -> None:
        """Writes a note on the task with that number, as the admin."""
        hidden = (await self.page(f"/tasks/{number}")).hidden(f"form[action='/tasks/{number}/note']")
        await self._send(f"/tasks/{number}/note", **hidden | {"note": note})

    async def _send(self, path: str, **fields: str) -> None:
        token = (await self.page("/")).field("csrf_token").value
        answer = await self.workspace.post(path, data=fields | {"csrf_token": token})
        assert answer.status_code == 303, answer.text


Found = Callable[..., Awaitable[Company]]
"""`found` on the running platform: takes the name, and people, time_zone and plan by name."""


async def found(
    running: Running, owner: Owner, name: str, *, people: int = 1, time_zone: str = "UTC", plan: str = "PRO"
) -> Company:
    """Creates a company, sets it up and hires; the name is one word, unique in the platform."""
    host = f"{name.lower()}.example"
    company_id, key = await owner.create(name, time_zone=time_zone, plan=plan)
    admin = Person(f"Admin of {name}", f"admin@{host}", "correct horse admin")
    company = Company(running, company_id, name, key, admin, await _set_up(running, key, admin))
    for number in range(people):
        await company.hire(Person(f"Person {number} of {name}", f"p{number}@{host}", f"correct horse {number}"))
    return company


async def _set_up(running: Running, key: str, admin: Person) -> httpx.AsyncClient:
    """Creates the first account and stays signed in. The call gets a 503 until billing has consumed the event."""
    http = httpx.AsyncClient(base_url=running.workspace, timeout=30)
    fields = {"key": key, "name": admin.name, "email": admin.email, "password": admin.password}
    answer = await eventually(lambda: http.post("/setup", data=fields), lambda answer: answer.status_code != 503)
    assert (answer.status_code, answer.headers.get("location")) == (303, "/team"), answer.text
    return http


def time_zone_in_the_afternoon() -> tuple[str, int]:
    """Returns a zone where it is 14 o'clock, so that eight hours fit into today, and its offset in seconds."""
    hours = 14 - datetime.now(UTC).hour
    return f"Etc/GMT{-hours:+d}", hours * 3600  # these names have the opposite sign
