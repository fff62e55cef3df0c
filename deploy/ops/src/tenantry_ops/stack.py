"""The steps that start the local platform: engines, provisioning, migrations, services."""

import asyncio
import time
from collections.abc import Callable, Sequence

from tenantry_ops.certificates import Certificates, ensure_certificates
from tenantry_ops.child import Child, Program
from tenantry_ops.engines import NatsEngine, PostgresEngine
from tenantry_ops.environment import Platform
from tenantry_ops.home import Home
from tenantry_ops.options import Options
from tenantry_ops.ports import LOOPBACK, PortBook
from tenantry_ops.programs import Service
from tenantry_ops.provision import authorization, provision_nats, provision_postgres
from tenantry_ops.secrets import Secrets, load_or_generate
from tenantry_ops.topology import OPERATOR

READY_SECONDS = 60.0
POLL_SECONDS = 0.1


class StartFailed(RuntimeError):
    """A step failed; the message names the log to read."""


def engines(home: Home, secrets: Secrets) -> tuple[PostgresEngine, NatsEngine]:
    """Returns the home's engines, not started."""
    return PostgresEngine(home.root / "postgres"), NatsEngine(home.root / "nats", authorization(secrets.nats))


def plan(home: Home, options: Options, postgres: PostgresEngine, nats: NatsEngine) -> Platform:
    """Returns the platform, and stores its addresses for other commands. The engines must run."""
    book = PortBook(home.root / "ports.json")
    addresses = {
        "postgres": f"{LOOPBACK}:{postgres.port}",
        "nats": f"{LOOPBACK}:{nats.port}",
        "tenancy": f"{LOOPBACK}:{book.port('tenancy')}",
        "billing": f"{LOOPBACK}:{book.port('billing')}",
        "gateway": f"{LOOPBACK}:{options.gateway_port}",
        "workspace": f"{LOOPBACK}:{options.workspace_port}",
        "portal": f"{LOOPBACK}:{options.portal_port}",
    }
    home.write_addresses(addresses)
    ensure_certificates(home.certificates, lifetime=options.certificate_lifetime)
    return load(home, options)


def load(home: Home, options: Options) -> Platform:
    """Returns the platform that runs in the home; writes nothing. FileNotFoundError: none was ever started there."""
    addresses = home.read_addresses()
    return Platform(
        secrets=load_or_generate(home.secrets),
        certificates=Certificates(home.certificates),
        gateway_workers=options.gateway_workers,
        cookie_secure=False,  # plain HTTP on loopback
        mail=home.root.absolute() / "mail",
        log_level=options.log_level,
        pictures=(home.root / "pictures").absolute().as_uri(),
        postgres=addresses["postgres"],
        nats=addresses["nats"],
        tenancy=addresses["tenancy"],
        billing=addresses["billing"],
        gateway=addresses["gateway"],
        workspace=addresses["workspace"],
        portal=addresses["portal"],
    )


def provision(secrets: Secrets, postgres: PostgresEngine, nats: NatsEngine) -> None:
    """Provisions roles, databases, streams and consumers."""
    provision_postgres(postgres.dsn(), secrets.roles)
    asyncio.run(provision_nats(nats.url(OPERATOR, secrets.nats[OPERATOR])))


def run_together(programs: Sequence[Program], home: Home, check: Callable[[], None]) -> None:
    """Runs programs concurrently to their end. Raises StartFailed with the end of the log of the first failure.

    `check` is called while waiting; if it raises, the programs are stopped.
    """
    children = [Child(program, home.logs) for program in programs]
    try:
        for child in children:
            child.start()
        while any(child.is_running() for child in children):
            check()
            time.sleep(POLL_SECONDS)
        for child in children:
            if child.end_status() != "ended with code 0":
                raise StartFailed(f"{child.name} {child.end_status()}; {child.log} ends with:\n{_tail(child)}")
    finally:
        for child in children:
            child.stop()


def wait_ready(service: Service, child: Child, check: Callable[[], None]) -> None:
    """Waits until the service is ready. Raises StartFailed if it ends, or is not ready after 60 s."""
    deadline = time.monotonic() + READY_SECONDS
    while (missing := service.missing()) is not None:
        check()
        if not child.is_running():
            raise StartFailed(f"{child.name} {child.end_status()}; {child.log} ends with:\n{_tail(child)}")
        if time.monotonic() > deadline:
            raise StartFailed(f"{child.name} is not ready after {READY_SECONDS:.0f} s: {missing}; see {child.log}")
        time.sleep(POLL_SECONDS)


def _tail(child: Child) -> str:
    return child.log.read_bytes()[-2_000:].decode(errors="replace")
