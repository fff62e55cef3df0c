"""The portal over real HTTP on a database of the test module alone; tenancy and billing as processes if asked for."""

import asyncio
import contextlib
import struct
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.alerts.worker import AlertFeed
from owner_portal.app import assemble, create_app
from owner_portal.clients.actions import Action
from owner_portal.clients.channels import Channel, billing_channel, tenancy_channel
from owner_portal.companies.client import CompanyClient
from owner_portal.companies.rules.drafts import CompanyDraft
from owner_portal.dashboard.use_cases import Dashboards
from owner_portal.directory.client import CompanyChanges, SubscriptionChanges
from owner_portal.directory.rules import Company, CompanyState, Status, Subscription, SyncTime
from owner_portal.directory.store import changes
from owner_portal.directory.worker import DirectoryFeed
from owner_portal.freshness import use_cases
from owner_portal.owners.pages.guard import Security
from owner_portal.owners.use_cases.accounts import create_owner
from owner_portal.owners.use_cases.secret_box import SecretBox
from owner_portal.plans.client import PlanClient
from owner_portal.usage.rules import CompanyDay
from owner_portal.usage.use_cases.days import apply_usage
from owner_portal.web.live import Live
from owner_portal.web.portal import Portal
from servicekit.database import create_engine
from servicekit.errors import Unavailable
from servicekit.ids import new_id
from servicekit.settings import TlsSettings
from testkit.waiting import eventually

EMAIL = "owner@tenantry.example"
PASSWORD = "correct horse battery"
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def today_is_today(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules say TODAY when they are collected, and a run may come to them after the next midnight."""
    now = datetime.now(UTC)
    if getattr(request.module, "TODAY", now.date()) == now.date() - timedelta(days=1):
        monkeypatch.setattr(request.module, "TODAY", now.date())
        if now - getattr(request.module, "NOW", datetime.min.replace(tzinfo=UTC)) < timedelta(days=1):
            monkeypatch.setattr(request.module, "NOW", now)


@pytest.fixture(scope="module", autouse=True)
def patient() -> Iterator[None]:
    """No answer is late because the machine is busy; a test of silence sets its own limits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(use_cases, "MAX_WAIT_SECONDS", 30.0)
        defaults = Channel.ask.__kwdefaults__
        assert defaults is not None
        patch.setitem(defaults, "deadline", 30.0)
        yield


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
    tenancy = tenancy_channel(environment["PORTAL_TENANCY_ADDRESS"], tls)
    billing = billing_channel(environment["PORTAL_BILLING_ADDRESS"], tls)
    yield assemble(
        engine,
        tenancy=tenancy,
        billing=billing,
        live=Live(),
        dashboards=Dashboards(engine, max_age=0),
        alerts=AlertFeed(engine, portal_url="https://portal.example"),
        security=Security(SecretBox(bytes(32))),
        public_url="https://portal.example",
        cookie_secure=False,
    )
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
    """A browser without a session."""
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

    async def read(self, path: str) -> Any:
        """The JSON of a page."""
        answer = await self.script.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def found(self, name: str) -> dict[str, Any]:
        """A new company with a trial of PRO, once billing has begun it."""
        fields = {"name": name, "email": "office@acme.example", "plan_code": "PRO", "time_zone": "Europe/Berlin"}
        answer = await self.call("/owner/company/create/", **fields)
        assert answer.status_code == 201, answer.text
        company: dict[str, Any] = answer.json()["company"]
        while (await self.read(f"/owner/company/{company['id']}/"))["status"] == "PENDING":  # noqa: ASYNC110 - as below
            await asyncio.sleep(0.05)
        return company

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


Enter = Callable[..., Awaitable[Owner]]


@pytest.fixture
async def enter(url: str, engine: AsyncEngine) -> AsyncIterator[Enter]:
    """`await enter(email)` makes an account unless it is there, and signs in; each call is a session of its own."""
    async with contextlib.AsyncExitStack() as clients:

        async def enter(email: str, *, device: str = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0") -> Owner:
            await create_owner(engine, email=email, password=PASSWORD, if_missing=True)
            browser, script = [
                await clients.enter_async_context(
                    httpx.AsyncClient(base_url=url, headers={"accept": accept, "user-agent": device})
                )
                for accept in ("text/html", "application/json")
            ]
            answer = await script.post("/owner/login/", json={"email": email, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            browser.cookies = script.cookies
            return Owner(browser, script, answer.json()["csrf_token"])

        yield enter


@pytest.fixture(scope="session")
def sign_in() -> Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]:
    """Sends the right e-mail and password as a form."""
    return lambda client: client.post("/owner/login/", data={"email": EMAIL, "password": PASSWORD})


@pytest.fixture(scope="session")
def png() -> bytes:
    """A picture of one pixel."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0\xff\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@dataclass(frozen=True)
class Model:
    """Fills the read model through the store."""

    engine: AsyncEngine

    async def company(
        self,
        name: str,
        *,
        state: CompanyState = CompanyState.ACTIVE,
        zone: str = "UTC",
        revision: int = 1,
        age: timedelta = timedelta(days=100),
    ) -> UUID:
        company_id = new_id()
        company = Company(
            company_id=company_id,
            name=name,
            email=f"office@{name.lower().replace(' ', '-')}.example",
            contact_person="Ada Stone",
            phone="+44 20 7946 0000",
            address="1 Long Lane\nLondon",
            time_zone=zone,
            state=state,
            key_hint="c0de",
            logo_digest="",
            created_at=NOW - age,
            revision=revision,
        )
        async with self.engine.begin() as tx:
            await changes.save_companies(tx, [company])
        return company_id

    async def subscription(self, company_id: UUID, state: Status = Status.ACTIVE, *, days_left: int = 20) -> None:
        subscription = Subscription(
            company_id=company_id,
            plan_code="PRO",
            plan_version=1,
            state=state,
            started_at=NOW - timedelta(days=10),
            expires_at=NOW + timedelta(days=days_left),
            charged_until=NOW + timedelta(days=days_left) if state is Status.ACTIVE else None,
            price_minor_units=9900,
            monthly_revenue_minor_units=9900 if state in {Status.ACTIVE, Status.PAST_DUE} else 0,
            currency="USD",
            seats=50,
            storage_bytes=100 * 10**9,
            screenshot_retention_days=30,
            revision=1,
        )
        async with self.engine.begin() as tx:
            await changes.save_subscriptions(tx, [subscription])

    async def synced(self, company_id: UUID, when: datetime) -> None:
        async with self.engine.begin() as tx:
            await changes.save_sync_times(tx, [SyncTime(company_id, when)])

    async def day(self, company_id: UUID, day: date, *, minutes: int = 0, storage: int = 0, **numbers: int) -> None:
        values = {"revision": 1, "idle_seconds": 0, "employees_active": 1, "sessions": 1, "screenshots": 0}
        values |= {"seats_used": 1, "active_seconds": minutes * 60, "storage_bytes": storage} | numbers
        await apply_usage(self.engine, days=[CompanyDay(company_id=company_id, day=day, **values)])


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
def follow(run: Any) -> Callable[[Portal], contextlib.AbstractAsyncContextManager[DirectoryFeed]]:
    """`async with follow(portal)` runs the loops that follow tenancy and billing, once both answer."""

    @contextlib.asynccontextmanager
    async def follow(portal: Portal) -> AsyncIterator[DirectoryFeed]:
        feed = DirectoryFeed(portal.engine, portal.get(CompanyChanges), portal.get(SubscriptionChanges), portal.live)

        async def answer() -> bool:
            try:
                await feed.companies_step()
                return bool(await portal.get(PlanClient).on_offer())
            except Unavailable:
                return False

        await eventually(answer)
        async with run(feed.follow_companies(), feed.follow_subscriptions(), feed.follow_sync_times()):
            yield feed

    return follow


@pytest.fixture(scope="module")
async def following(portal: Portal, services: None, follow: Any) -> AsyncIterator[DirectoryFeed]:  # noqa: ARG001 - tenancy and billing run first
    """The loops run beside tenancy and billing."""
    async with follow(portal) as feed:
        yield feed


@dataclass
class Spent:
    """What was asked of the portal's database and of other services, but for the change lists."""

    statements: int = 0
    calls: int = 0

    def reset(self) -> None:
        self.statements = self.calls = 0


@pytest.fixture
def cost(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spent]:
    """Counts all through the test; `reset` begins again."""
    spent = Spent()
    ask = Channel.ask

    def on_statement(*_: object) -> None:
        spent.statements += 1

    async def counted(channel: Channel, method: object, request: object, **options: float) -> object:
        spent.calls += not type(request).__name__.endswith(("ChangesRequest", "TimesRequest"))
        return await ask(channel, method, request, **options)

    monkeypatch.setattr(Channel, "ask", counted)
    event.listen(engine.sync_engine, "before_cursor_execute", on_statement)
    yield spent
    event.remove(engine.sync_engine, "before_cursor_execute", on_statement)


@pytest.fixture(scope="module")
async def customer(
    environment: dict[str, str],
    portal: Portal,
    services: None,  # noqa: ARG001 - they run first
    follow: Any,
) -> AsyncIterator[Callable[..., Awaitable[UUID]]]:
    """`await customer("Acme Ltd")` makes a company whose trial of PRO the portal knows; its directory is followed."""
    own = create_engine(environment["PORTAL_DATABASE_URL"], name="directory")  # what it asks is no page's cost
    plan_of = text("SELECT plan_code FROM directory WHERE company_id = :id")

    async def make(name: str, plan: str = "PRO") -> UUID:
        draft = CompanyDraft(name, "office@customer.example", "", "", "", "UTC", plan)
        action = Action("owner@tenantry.example", "a new customer", str(new_id()))
        company, _ = await portal.get(CompanyClient).create(draft, action)

        async def known() -> str | None:
            async with own.begin() as tx:
                return (await tx.execute(plan_of, {"id": company.company_id})).scalar_one_or_none()

        await eventually(known)
        return company.company_id

    async with follow(replace(portal, engine=own)):
        yield make
    await own.dispose()
