"""Desktops that work in real time, under load and through outages, with a record of every row."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from itertools import count

import httpx

from testkit.waiting import eventually
from tests.platform.company import Company, Person
from tests.platform.desktops import now
from tracker_client import Desktop, TrackerClient, Window

ROUND = 1.0  # seconds between two uploads; ten in the real tracker

Row = tuple[str, str, int]
"""Name, detail and seconds of a row of use. Details are unique, so equal rows are duplicates."""


@dataclass
class Worker:
    """One person at a desktop, which keeps and repeats refused and unanswered uploads."""

    person: Person
    desktop: Desktop
    made: Counter[Row] = field(default_factory=Counter)
    answered: int = 0  # uploads with a 200
    unanswered: int = 0  # attempts without a 200, including those whose GET / failed; their rows were repeated

    async def work(self) -> None:
        """Works until cancelled; the caller sends the remaining rows with `drain`."""
        for number in count():
            await asyncio.sleep(ROUND)
            self._live_on(number)
            await self.send()
            assert await self.desktop.poll_session(), f"an outage stopped the tracker: {self.desktop.message}"
            if number % 10 == 9:
                await self.desktop.poll_config()

    async def send(self) -> bool:
        """Uploads once; returns whether the response was a 200."""
        rows = self.desktop.tables.snapshot()
        reply = await self.desktop.upload()
        if reply is None or reply.code != 200:
            self.unanswered += rows.count() > 0
            return False
        self.made.update((row.app, row.title, row.seconds) for row in rows.applications)
        self.made.update((row.domain, row.url or "", row.seconds) for row in rows.websites)
        self.answered += 1
        return True

    async def drain(self) -> None:
        """Uploads until everything is acknowledged."""

        async def rest() -> int:
            await self.send()
            return self.desktop.tables.snapshot().count()

        await eventually(rest, lambda left: left == 0, timeout=60)

    def _live_on(self, number: int) -> None:
        """Records the time since the last round in a new window; each sixth round is idle."""
        seconds = int((now() - self.desktop.now).total_seconds())
        page = f"{self.person.email}/{number}"
        window = (
            Window("Editor", page)
            if number % 2
            else Window("Browser", "Docs", browser=True, domain="docs.example", url=page)
        )
        self.desktop.tick(seconds, "INACTIVE" if number % 6 == 5 else "ACTIVE", window)


async def at_their_desks(company: Company, http: httpx.AsyncClient, gateway: str) -> list[Worker]:
    """Signs everyone in at the gateway's URL and starts their sessions."""
    workers = []
    for person in company.people:
        desktop = Desktop(TrackerClient(f"{gateway}/api", company.key, http=http), now())
        assert await desktop.sign_in(person.email, person.password), desktop.message
        desktop.now = now()
        assert await desktop.start(), desktop.message
        workers.append(Worker(person, desktop))
    return workers


async def sign_in_for_ever(company: Company, person: Person, http: httpx.AsyncClient) -> None:
    """Tries to sign in without success until cancelled, also during every outage."""
    desktop = Desktop(company.tracker(http), now())
    while True:
        await desktop.sign_in(person.email, person.password)
        await asyncio.sleep(ROUND)
