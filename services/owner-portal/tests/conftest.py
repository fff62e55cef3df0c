"""The portal over real HTTP on a database of the test module alone; tenancy and billing as processes if asked for."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
import uvicorn
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.api.app import create_app
from owner_portal.api.portal import Portal
from owner_portal.application.create_owner import create_owner
from owner_portal.clients.billing import Billing
from owner_portal.clients.tenancy import Tenancy
from owner_portal.domain.companies import Company, Status, Subscription, SyncTime
from owner_portal.domain.usage import CompanyDay
from owner_portal.feed.live import Live
from owner_portal.store import directory, usage
from servicekit.database import create_engine
from servicekit.ids import new_id
from servicekit.settings import TlsSettings

EMAIL = "owner@tenantry.example"
PASSWORD = "correct horse battery"
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def environment(service_environment: Callable[..., dict[str, str]]) -> dict[str, str]:
    return service_environment("owner-portal")


@pytest.fixture(scope="module")
async def engine(environment: dict[str, str]) -> AsyncIterator[AsyncEngine]:
    """As the service's own role."""
    engine = create_engine(environment["PORTAL_DATABASE_URL"], name="owner-portal")
    yield engine
    await engine.dispose()


@pytest.fixture(scope="module")
async def portal(environment: dict[str, str], engine: AsyncEngine) -> AsyncIterator[Portal]:
    tls = TlsSettings(
        tls_ca=Path(environment["PORTAL_TLS_CA"]),
        tls_cert=Path(environment["PORTAL_TLS_CERT"]),
        tls_key=Path(environment["PORTAL_TLS_KEY"]),
    )
    tenancy = Tenancy(environment["PORTAL_TENANCY_ADDRESS"], tls)
    billing = Billing(environment["PORTAL_BILLING_ADDRESS"], tls)
    yield Portal(engine, tenancy, billing, Live(engine), cookie_secure=False)
    await tenancy.close()
    await billing.close()


@pytest.fixture(scope="module")
async def url(portal: Portal) -> AsyncIterator[str]:
    """Where the portal serves."""
    config = uvicorn.Config(create_app(portal), port=0, log_config=None, access_log=False, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it has no event for that
        await asyncio.sleep(0.01)
    yield "http://{}:{}".format(*server.servers[0].sockets[0].getsockname())
    server.should_exit = True
    await serving


@contextlib.asynccontextmanager
async def background(*loops: Awaitable[None]) -> AsyncIterator[None]:
    """Runs these until the block ends."""
    tasks = [asyncio.ensure_future(loop) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture(scope="session")
def run() -> Callable[..., contextlib.AbstractAsyncContextManager[None]]:
    """`async with run(loop(), …)` keeps loops running for the block."""
    return background


@pytest.fixture
async def anonymous(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser nobody is signed in with."""
    async with httpx.AsyncClient(base_url=url, headers={"accept": "text/html"}) as client:
        yield client


@dataclass(frozen=True)
class Owner:
    """A signed-in owner: a browser and a script with the same session."""

    browser: httpx.AsyncClient
    script: httpx.AsyncClient
    csrf_token: str

    async def send(self, path: str, **fields: str) -> httpx.Response:
        """A form as a page would send it."""
        return await self.browser.post(path, data={"csrf_token": self.csrf_token, **fields})

    async def call(self, path: str, **fields: str) -> httpx.Response:
        """The same from a script."""
        return await self.script.post(path, json=fields, headers={"x-csrf-token": self.csrf_token})


@pytest.fixture(scope="module")
async def owner(url: str, engine: AsyncEngine) -> AsyncIterator[Owner]:
    await create_owner(engine, email=EMAIL, password=PASSWORD)
    async with (
        httpx.AsyncClient(base_url=url, headers={"accept": "application/json"}) as script,
        httpx.AsyncClient(base_url=url, headers={"accept": "text/html"}) as browser,
    ):
        answer = await script.post("/owner/login/", json={"email": EMAIL, "password": PASSWORD})
        assert answer.status_code == 200
        browser.cookies = script.cookies
        yield Owner(browser, script, answer.json()["csrf_token"])


@pytest.fixture(scope="session")
def sign_in() -> Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]:
    """Sends the right e-mail and password as a form."""
    return lambda client: client.post("/owner/login/", data={"email": EMAIL, "password": PASSWORD})


@dataclass(frozen=True)
class Model:
    """Fills the read model through the store."""

    engine: AsyncEngine

    async def company(self, name: str, *, suspended: bool = False, zone: str = "UTC", revision: int = 1) -> UUID:
        company_id = new_id()
        company = Company(
            company_id=company_id,
            name=name,
            email=f"office@{name.lower().replace(' ', '-')}.example",
            contact_person="Ada Stone",
            phone="+44 20 7946 0000",
            address="1 Long Lane\nLondon",
            time_zone=zone,
            suspended=suspended,
            key_hint="c0de",
            created_at=NOW - timedelta(days=100),
            revision=revision,
        )
        async with self.engine.begin() as tx:
            await directory.save_companies(tx, [company])
        return company_id

    async def subscription(self, company_id: UUID, state: Status = Status.ACTIVE, *, days_left: int = 20) -> None:
        subscription = Subscription(
            company_id=company_id,
            plan_code="PRO",
            state=state,
            started_at=NOW - timedelta(days=10),
            expires_at=NOW + timedelta(days=days_left),
            price_minor_units=9900,
            currency="USD",
            seats=50,
            storage_bytes=100 * 10**9,
            screenshot_retention_days=30,
            revision=1,
        )
        async with self.engine.begin() as tx:
            await directory.save_subscriptions(tx, [subscription])

    async def synced(self, company_id: UUID, when: datetime) -> None:
        async with self.engine.begin() as tx:
            await directory.save_sync_times(tx, [SyncTime(company_id, when)])

    async def day(self, company_id: UUID, day: date, *, minutes: int = 0, storage: int = 0, **numbers: int) -> None:
        values = {"revision": 1, "idle_seconds": 0, "employees_active": 1, "sessions": 1, "screenshots": 0}
        values |= {"seats_used": 1, "active_seconds": minutes * 60, "storage_bytes": storage} | numbers
        async with self.engine.begin() as tx:
            await usage.save_days(tx, [CompanyDay(company_id=company_id, day=day, **values)])


@pytest.fixture(scope="module")
def model(engine: AsyncEngine) -> Model:
    return Model(engine)


@pytest.fixture(scope="module")
def services(service_environment: Callable[..., dict[str, str]]) -> Iterator[None]:
    """tenancy and billing themselves, on the addresses the portal knows."""
    running = [
        subprocess.Popen([Path(sys.executable).with_name(f"tenantry-{name}"), "serve"], env=service_environment(name))
        for name in ("tenancy", "billing")
    ]
    yield
    for process in running:
        process.terminate()
    for process in running:
        process.wait(20)


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], Awaitable[object]]], Awaitable[None]]:
    """Asks again until the answer is true; the test's own time-out ends it."""

    async def wait(condition: Callable[[], Awaitable[object]]) -> None:
        while not await condition():  # noqa: ASYNC110 - the condition is in a database or another process
            await asyncio.sleep(0.05)

    return wait
