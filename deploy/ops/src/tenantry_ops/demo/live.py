"""The live fleet: one simulated desktop per employee of the demo, tracking in real time."""

import asyncio
import logging
import random
from datetime import UTC, datetime
from typing import Any, NoReturn

from tenantry_ops.demo.companies import COMPANIES, Person, people
from tenantry_ops.demo.routine import ROUND_SECONDS, routine
from tenantry_ops.demo.screen import screen
from tracker_client import ActivityKind, Desktop, ProcessKilled, TrackerClient, Window, open_http

log = logging.getLogger("demo")

FIRST_START_SECONDS = 15  # spreads the log-ins, each of which costs the gateway a password hash
RETRY_SECONDS = (10, 20)
CAPTURES = 2  # per interval, like a tracker


async def run_fleet(gateway: str, companies: list[dict[str, Any]]) -> None:
    """Runs until cancelled. `gateway` is a URL without a path, `companies` are those of run.json."""
    workplaces = {company.name: company for company in COMPANIES if company.story in ("busy", "suspended")}
    async with open_http(keep_alive=True) as http, asyncio.TaskGroup() as fleet:
        for entry in companies:
            if entry["name"] not in workplaces:
                continue
            client = TrackerClient(f"{gateway.rstrip('/')}/api", entry["key"], http=http)
            passwords = {employee["email"]: employee["password"] for employee in entry["employees"]}
            for person in people(workplaces[entry["name"]]):
                fleet.create_task(Employee(client, person, passwords[person.email]).live())


class Employee:
    """A person at a desktop."""

    def __init__(self, client: TrackerClient, person: Person, password: str) -> None:
        self._person = person
        self._password = password
        self._rng = random.Random()
        self._routine = routine(self._rng, person.team.craft)
        self._desktop = Desktop(client, _now(), deletes_unsent=False)

    async def live(self) -> NoReturn:
        """Tracks until cancelled; tries again after refusals and missing replies."""
        await asyncio.sleep(self._rng.uniform(0, FIRST_START_SECONDS))
        while True:
            try:
                if await self._start():
                    await self._track()
                else:
                    await asyncio.sleep(self._rng.uniform(*RETRY_SECONDS))
            except ProcessKilled as killed:
                log.error("%s: the tracker died: %s", self._person.email, killed)
                self._desktop.crash()

    async def _start(self) -> bool:
        """Starts with the current token, or signs in for a new one."""
        desktop = self._desktop
        desktop.now = _now()
        if await desktop.start():
            return True
        return await desktop.sign_in(self._person.email, self._password) and await desktop.start()

    async def _track(self) -> None:
        desktop = self._desktop
        while desktop.tracking:
            stretch = next(self._routine)
            if stretch.kind is None:
                await desktop.stop()
                await asyncio.sleep(stretch.seconds)
                desktop.now = _now()
            else:
                await self._spend(stretch.seconds, stretch.kind, stretch.window)

    async def _spend(self, seconds: int, kind: ActivityKind, window: Window | None) -> None:
        desktop = self._desktop
        for _ in range(seconds // ROUND_SECONDS):
            await asyncio.sleep(ROUND_SECONDS)
            desktop.tick(int((_now() - desktop.now).total_seconds()), kind, window)
            if (
                kind == "ACTIVE"
                and self._rng.random() < CAPTURES * ROUND_SECONDS / desktop.config.screenshot_interval_seconds
            ):
                desktop.capture(screen(self._rng, window))
            await desktop.upload()
            await desktop.upload_screenshots()
            await (
                desktop.poll_tasks()
            )  # half as often as a real one, because the fleet shares its machine with the platform
            await desktop.poll_config()
            if not await desktop.poll_session():
                log.info("%s stopped: %s", self._person.email, desktop.message)
                return


def _now() -> datetime:
    return datetime.now(UTC)
