"""A company as its people make it: created by the owner, set up with its key, filled by its admin."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from tests.platform.owner import Owner
from tests.platform.running import Running
from tests.platform.waiting import eventually
from tracker_client import TrackerClient


@dataclass(frozen=True)
class Person:
    """An account."""

    name: str
    email: str
    password: str


@dataclass
class Company:
    """A company that trackers can work for; `people` are its employees, its admin aside."""

    running: Running
    id: str
    name: str
    key: str
    admin: Person
    workspace: httpx.AsyncClient
    people: list[Person] = field(default_factory=list)

    def tracker(self, http: httpx.AsyncClient | None = None) -> TrackerClient:
        """A tracker with the company's key; without `http` it opens a connection a call, as the real one does."""
        return TrackerClient(f"{self.running.gateway}/api", self.key, http=http)

    async def team_page(self) -> httpx.Response:
        """The admin's page, whatever the answer."""
        return await self.workspace.get("/team")

    async def hire(self, person: Person) -> None:
        """The admin adds an employee."""
        await self._send("/team", name=person.name, email=person.email, password=person.password)
        self.people.append(person)

    async def give_task(self, number: int, title: str, description: str) -> None:
        """The admin gives the employee with that number something to do."""
        await self._send(f"/team/{number}", title=title, description=description)

    async def note_task(self, number: int, note: str) -> None:
        """The admin writes a note to the task with that number."""
        page = (await self.workspace.get(f"/tasks/{number}")).text
        form = page.partition(f'action="/tasks/{number}/note"')[2].partition("</form>")[0]
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
        await self._send(f"/tasks/{number}/note", **hidden | {"note": note})

    async def _send(self, path: str, **fields: str) -> None:
        [token] = re.findall(r'name="csrf_token" value="([^"]+)"', (await self.team_page()).text)[:1]
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
    """Makes the first account and stays signed in. Billing hears of a company by an event: until then it is a 503."""
    http = httpx.AsyncClient(base_url=running.workspace, timeout=30)
    fields = {"key": key, "name": admin.name, "email": admin.email, "password": admin.password}
    answer = await eventually(lambda: http.post("/setup", data=fields), lambda answer: answer.status_code != 503)
    assert (answer.status_code, answer.headers.get("location")) == (303, "/team"), answer.text
    return http


def time_zone_in_the_afternoon() -> tuple[str, int]:
    """A zone where it is between 14 and 15 o'clock, and its offset in seconds: there eight hours fit into today."""
    hours = 14 - datetime.now(UTC).hour
    return f"Etc/GMT{-hours:+d}", hours * 3600  # the sign of these names is the other way round
