"""pytest plugin: real PostgreSQL, NATS and certificates as fixtures; each pytest-xdist worker has its own engines."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tenantry_ops.certificates import Certificates, ensure_certificates
from tenantry_ops.provision import authorization, provision_nats, provision_postgres
from tenantry_ops.secrets import Secrets, generate
from testkit import engines
from testkit.engines import AnyNats, AnyPostgres
from testkit.world import Templates, World


@pytest.fixture(scope="session")
def engine_folder() -> Iterator[Path]:
    """A folder for engines that PostgreSQL's own user can reach when root runs the tests, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="tenantry-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def platform_secrets() -> Secrets:
    """Passwords of all roles and users, the key pepper."""
    return generate()


@pytest.fixture(scope="session")
def certificates(engine_folder: Path) -> Certificates:
    """The certificates of the authority and of each service."""
    return ensure_certificates(engine_folder / "certificates")


@pytest.fixture(scope="session")
def postgres_engine(engine_folder: Path) -> Iterator[AnyPostgres]:
    """A running PostgreSQL; `dsn(database)` is the superuser's."""
    with engines.postgres(engine_folder / "postgres") as engine:
        yield engine


@pytest.fixture(scope="session")
def provisioned(postgres_engine: AnyPostgres, platform_secrets: Secrets) -> Secrets:
    """Creates all roles and empty databases; returns their passwords."""
    provision_postgres(postgres_engine.dsn(), platform_secrets.roles)
    return platform_secrets


@pytest.fixture(scope="session")
def templates(postgres_engine: AnyPostgres, provisioned: Secrets) -> Templates:  # noqa: ARG001 - roles come first
    """Migrated databases to copy from."""
    return Templates(postgres_engine)


@pytest.fixture(scope="module")
def nats_engine(engine_folder: Path, platform_secrets: Secrets) -> Iterator[AnyNats]:
    """A running NATS for this module only, with the platform's users, streams and consumers."""
    folder = Path(tempfile.mkdtemp(prefix="nats-", dir=engine_folder))
    with engines.nats(folder, authorization(platform_secrets.nats)) as engine:
        url = engine.url("operator", platform_secrets.nats["operator"])
        # In a thread: this one may already run an event loop.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, provision_nats(url)).result()
        yield engine


@pytest.fixture(scope="module")
def world(
    postgres_engine: AnyPostgres,
    nats_engine: AnyNats,
    templates: Templates,
    provisioned: Secrets,
    certificates: Certificates,
) -> Iterator[World]:
    """This module's databases, users and addresses."""
    world = World(
        postgres=postgres_engine,
        nats=nats_engine,
        templates=templates,
        secrets=provisioned,
        certificates=certificates,
    )
    yield world
    world.close()


@pytest.fixture(scope="module")
def service_environment(world: World) -> Callable[..., dict[str, str]]:
    """`service_environment("tenancy")` is the environment of that service on this module's databases."""
    return world.service_environment
