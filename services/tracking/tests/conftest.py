"""One platform for all of tracking's tests: engines, tenancy and billing are real, the gateway's parts live here."""

import asyncio
import itertools
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import hypothesis
import psycopg
import pytest
import structlog
from argon2 import PasswordHasher
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tenancy.v1 import tenancy_pb2 as pb
from contracts.tenancy.v1.policy_pb2 import GetTrackingPolicyRequest
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from credentials import passwords
from servicekit.database import create_engine
from servicekit.rpc_client import call, open_channel
from servicekit.settings import TlsSettings
from tenantry_ops.certificates import Certificates
from tenantry_ops.programs import command
from tenantry_ops.provision import authorization, provision_nats
from tenantry_ops.secrets import Secrets
from testkit import engines
from testkit.engines import AnyPostgres
from testkit.world import Templates, World
from tracking.access.client.billing import BillingClient
from tracking.access.client.tenancy import TenancyClient
from tracking.access.rules.company_keys import Peppers
from tracking.access.rules.directory import AccessDirectory, Verdict
from tracking.access.worker import AccessSync
from tracking.maintenance import NoLimit
from tracking.people.use_cases import add_employee, set_up_company
from tracking.screenshots.store.pictures import PictureStore

# How long an example takes is the machine's affair; fixtures of a test are meant to be shared by its examples.
hypothesis.settings.register_profile(
    "tracking", deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
hypothesis.settings.load_profile("tracking")

# With its usual locals of every frame, one traceback can take minutes.
structlog.configure(processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)])

PASSWORD = "open sesame tonight"
OWNER = pb.Action(actor="owner@tenantry.example", reason="because")
numbers = itertools.count(1)


@dataclass(frozen=True)
class Tenant:
    """A company that may work: its admin's and its people's e-mails, who all have the same password."""

    company_id: UUID
    key: str
    admin: str
    people: tuple[str, ...]
    password: str = PASSWORD


def identity(certificates: Certificates, name: str) -> TlsSettings:
    return TlsSettings(
        tls_ca=certificates.authority, tls_cert=certificates.certificate(name), tls_key=certificates.key(name)
    )


@pytest.fixture(scope="package", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Hundreds of accounts: their hashes are real and cost a thousandth."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session")
async def world(
    engine_folder: Path,
    postgres_engine: AnyPostgres,
    templates: Templates,
    provisioned: Secrets,
    certificates: Certificates,
) -> AsyncIterator[World]:
    """Instead of testkit's, which is a module's: these tests keep apart by company, as customers do."""
    folder = Path(tempfile.mkdtemp(prefix="nats-", dir=engine_folder))
    with engines.nats(folder, authorization(provisioned.nats)) as nats:
        await provision_nats(nats.url("operator", provisioned.nats["operator"]))
        world = World(
            postgres=postgres_engine,
            nats=nats,
            templates=templates,
            secrets=provisioned,
            certificates=certificates,
        )
        yield world
        world.close()


@pytest.fixture(scope="session")
def environment(world: World) -> dict[str, str]:
    return world.service_environment("tracking")


@pytest.fixture(scope="session")
async def tenancy(world: World, certificates: Certificates) -> AsyncIterator[TenancyServiceStub]:
    """The owner's way to tenancy; billing runs beside it."""
    processes = [
        await asyncio.create_subprocess_exec(
            *command(service, "serve"),
            env=world.service_environment(service),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        for service in ("tenancy", "billing")
    ]
    operator = identity(certificates, "operator")
    async with (
        open_channel(world.platform.tenancy, operator, server_name="tenancy") as channel,
        open_channel(world.platform.billing, operator, server_name="billing") as billing,
    ):
        await asyncio.wait_for(asyncio.gather(channel.channel_ready(), billing.channel_ready()), 30)
        yield TenancyServiceStub(channel)
    for process in processes:
        process.terminate()
        await asyncio.wait_for(process.wait(), 20)


@pytest.fixture(scope="session")
async def engine(environment: dict[str, str]) -> AsyncIterator[AsyncEngine]:
    """The role that serves companies."""
    engine = create_engine(environment["TRACKING_DATABASE_URL"], name="tracking-tests")
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
async def heartbeat(environment: dict[str, str]) -> AsyncIterator[AsyncEngine]:
    """The role that notes when sessions and devices were heard of."""
    engine = create_engine(environment["TRACKING_HEARTBEAT_DATABASE_URL"], name="tracking-tests-heartbeat")
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
async def dispatch(environment: dict[str, str]) -> AsyncIterator[AsyncEngine]:
    """The role that learns which company has work."""
    engine = create_engine(environment["TRACKING_DISPATCH_DATABASE_URL"], name="tracking-tests-dispatch")
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
async def superuser(world: World) -> AsyncIterator[AsyncEngine]:
    """To look behind the scenes and to arrange what no role of tracking may do; never to assert rights."""
    engine = create_engine(world.superuser_dsn("tracking"), name="tracking-tests-superuser")
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
def forget_attempts(world: World) -> Iterator[Callable[[], None]]:
    """`forget_attempts()`: nothing is counted against anybody who signs in.

    It never waits: a test that was cut off may have left a transaction open, which only the loop of this thread ends.
    """
    free = "SELECT ctid FROM sign_in_attempt FOR UPDATE SKIP LOCKED"
    with psycopg.connect(world.superuser_dsn("tracking"), autocommit=True) as connection:
        yield lambda: connection.execute(f"DELETE FROM sign_in_attempt WHERE ctid = ANY (ARRAY({free}))") and None


@pytest.fixture(autouse=True)
def no_attempts_of_other_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    """All tests sign in from one address, whose budget is for one of them.

    Afterwards, since fixtures of the next module sign in before its first test begins.
    """
    forget = request.getfixturevalue("forget_attempts") if "engine" in request.fixturenames else None
    yield
    if forget:
        forget()


@pytest.fixture(scope="session")
def pictures(environment: dict[str, str]) -> PictureStore:
    return PictureStore(environment["TRACKING_PICTURES_URL"])


@pytest.fixture(scope="session")
def directory(world: World) -> AccessDirectory:
    return AccessDirectory(Peppers(bytes.fromhex(world.platform.secrets.key_pepper)))


@pytest.fixture(scope="session")
def tls(certificates: Certificates) -> TlsSettings:
    """Tracking's own certificate."""
    return identity(certificates, "tracking")


@pytest.fixture(scope="session")
async def tenancy_client(
    world: World,
    tls: TlsSettings,
    tenancy: TenancyServiceStub,  # noqa: ARG001 - it must answer
) -> AsyncIterator[TenancyClient]:
    client = TenancyClient(world.platform.tenancy, tls)
    yield client
    await client.close()


@pytest.fixture(scope="session")
async def sync(
    world: World, tls: TlsSettings, directory: AccessDirectory, tenancy_client: TenancyClient
) -> AsyncIterator[AccessSync]:
    """Keeps the directory confirmed while the tests run."""
    billing = BillingClient(world.platform.billing, tls)
    sync = AccessSync(directory, tenancy_client, billing)
    running = asyncio.create_task(sync.run())
    yield sync
    running.cancel()
    await asyncio.wait([running])
    await billing.close()


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]:
    """`await eventually(condition)`; TimeoutError when it does not come true."""

    async def wait(condition: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(30):
            while not await condition():  # noqa: ASYNC110 - it comes true in another process
                await asyncio.sleep(0.02)

    return wait


@pytest.fixture(scope="session")
def new_key(tenancy: TenancyServiceStub, sync: AccessSync, directory: AccessDirectory, eventually):
    """`await new_key(plan, time_zone)` is the id and the key of a company that may work; nobody is in it yet."""

    async def create(plan: str = "PRO", time_zone: str = "UTC") -> tuple[UUID, str]:
        name = f"Company {next(numbers)}"
        created = await call(
            tenancy.CreateCompany,
            pb.CreateCompanyRequest(
                action=OWNER, name=name, email="it@acme.example", plan_code=plan, time_zone=time_zone
            ),
        )

        async def allowed() -> bool:
            await sync.refresh()
            access = directory.company(UUID(created.company.id), now=datetime.now(UTC), monotonic=time.monotonic())
            return access.verdict is Verdict.ALLOWED

        await eventually(allowed)
        return UUID(created.company.id), created.key

    return create


@pytest.fixture(scope="session")
def new_tenant(engine: AsyncEngine, new_key) -> Callable[..., Awaitable[Tenant]]:
    """`await new_tenant(people=2)` is a company with an admin and so many employees."""

    async def create(people: int = 1, plan: str = "PRO", time_zone: str = "UTC") -> Tenant:
        company_id, key = await new_key(plan, time_zone)
        domain = f"{company_id.hex}.example"
        tenant = Tenant(company_id, key, f"admin@{domain}", tuple(f"p{n}@{domain}" for n in range(people)))
        await set_up_company(
            engine, company_id, seats=NoLimit(), time_zone=time_zone, name="Ada", email=tenant.admin, password=PASSWORD
        )
        for email in tenant.people:
            await add_employee(engine, company_id, seats=NoLimit(), name="Bo", email=email, password=PASSWORD)
        return tenant

    return create


@pytest.fixture(scope="session")
def stored(superuser: AsyncEngine) -> Callable[..., Awaitable[list[Mapping[str, Any]]]]:
    """`await stored("quarantine", company_id)`: a company's rows of a table."""

    async def read(table: str, company_id: UUID) -> list[Mapping[str, Any]]:
        async with superuser.connect() as connection:
            rows = await connection.execute(text(f"SELECT * FROM {table} WHERE company_id = :id"), {"id": company_id})
            return list(rows.mappings())

    return read


@pytest.fixture(scope="session")
def rotate_key(tenancy: TenancyServiceStub, sync: AccessSync) -> Callable[[Tenant], Awaitable[str]]:
    """`await rotate_key(tenant)` is its new key; the gateway knows of it."""

    async def rotate(tenant: Tenant) -> str:
        rotated = await call(tenancy.RotateKey, pb.RotateKeyRequest(action=OWNER, company_id=str(tenant.company_id)))
        await sync.refresh()
        return rotated.key

    return rotate


@pytest.fixture(scope="session")
def suspend(tenancy: TenancyServiceStub, sync: AccessSync) -> Callable[[Tenant], Awaitable[None]]:
    """`await suspend(tenant)`; the gateway knows of it."""

    async def suspend(tenant: Tenant) -> None:
        request = pb.SuspendCompanyRequest(action=OWNER, company_id=str(tenant.company_id))
        await call(tenancy.SuspendCompany, request)
        await sync.refresh()

    return suspend


@pytest.fixture(scope="session")
def reactivate(tenancy: TenancyServiceStub, sync: AccessSync) -> Callable[[Tenant], Awaitable[None]]:
    """`await reactivate(tenant)`; the gateway knows of it."""

    async def reactivate(tenant: Tenant) -> None:
        request = pb.ReactivateCompanyRequest(action=OWNER, company_id=str(tenant.company_id))
        await call(tenancy.ReactivateCompany, request)
        await sync.refresh()

    return reactivate


@pytest.fixture(scope="session")
def set_policy(tenancy: TenancyServiceStub, sync: AccessSync) -> Callable[..., Awaitable[None]]:
    """`await set_policy(tenant, screenshots_enabled=False)`, the rest as it is; the gateway knows of it."""

    async def set_policy(tenant: Any, **fields: Any) -> None:
        company_id = str(tenant.company_id)
        policy = (await call(tenancy.GetTrackingPolicy, GetTrackingPolicyRequest(company_id=company_id))).policy
        for name, value in fields.items():
            setattr(policy, name, value)
        await call(
            tenancy.SetTrackingPolicy, pb.SetTrackingPolicyRequest(action=OWNER, company_id=company_id, policy=policy)
        )
        await sync.refresh()

    return set_policy


@pytest.fixture(scope="session")
def move(tenancy: TenancyServiceStub, sync: AccessSync) -> Callable[[Any, str], Awaitable[None]]:
    """`await move(tenant, "Asia/Tokyo")`: its owner says that its days are those; the gateway knows of it."""

    async def move(tenant: Any, time_zone: str) -> None:
        request = pb.UpdateCompanyRequest(action=OWNER, company_id=str(tenant.company_id), time_zone=time_zone)
        await call(tenancy.UpdateCompany, request)
        await sync.refresh()

    return move
