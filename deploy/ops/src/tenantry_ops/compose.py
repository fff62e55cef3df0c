"""`python -m tenantry_ops.compose files | engines | renew`: the operator's jobs in docker-compose.yml.

`files` writes a folder with its own secrets for each container; `engines` provisions the running servers; `renew` keeps
running and renews certificates.
"""

import asyncio
import os
import secrets
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import nats.errors
import psycopg

from tenantry_ops import environment
from tenantry_ops.certificates import Certificates, ensure_certificates, renew
from tenantry_ops.engines import server_config
from tenantry_ops.environment import Platform
from tenantry_ops.files import make_folder, write_private
from tenantry_ops.provision import authorization, provision_nats, provision_postgres
from tenantry_ops.secrets import load_or_generate
from tenantry_ops.topology import DATABASES, OPERATOR, SERVICES

STATE = Path("/state")
MOUNTED = Path("/run/tenantry")  # mount point of a container's own folder
SERVICE_USER = 10001  # the images' user
WAIT_SECONDS = 60.0
RENEW_SECONDS = 3600.0
POSTGRES = {"postgres": ("tenancy", "billing", "tracking"), "portal-postgres": ("portal",)}
# The process of each container, and the service whose certificate it presents.
PROCESSES = {
    "tenancy": "tenancy",
    "billing": "billing",
    "gateway": "tracking",
    "aggregator": "tracking",
    "workspace": "tracking",
    "owner-portal": "owner-portal",
}
LISTEN = {
    "tenancy": {"TENANCY_RPC_LISTEN": "0.0.0.0:50051"},
    "billing": {"BILLING_RPC_LISTEN": "0.0.0.0:50052"},
    "gateway": {"TRACKING_GATEWAY_LISTEN": "0.0.0.0:8080"},
    "workspace": {"TRACKING_WORKSPACE_LISTEN": "0.0.0.0:8090"},
    "owner-portal": {"PORTAL_LISTEN": "0.0.0.0:8000"},
}


def platform(state: Path) -> Platform:
    """Returns the addresses on the networks of docker-compose.yml."""
    return Platform(
        secrets=load_or_generate(state / "secrets.json"),
        certificates=Certificates(MOUNTED),
        postgres="postgres:5432",
        nats="nats:4222",
        tenancy="tenancy:50051",
        billing="billing:50052",
        gateway_workers=2,
        cookie_secure=False,  # plain HTTP on loopback; must be true behind a TLS proxy
        drain_seconds=5,
    )


def write_files(state: Path) -> None:
    """Writes each container's folder below state."""
    ensure_certificates(state / "certificates")
    everywhere = platform(state)
    portals = replace(everywhere, postgres="portal-postgres:5432")
    for process, service in PROCESSES.items():
        of_process = portals if service == "owner-portal" else everywhere
        serving = environment.serving(of_process, process) | LISTEN.get(process, {})
        _write_folder(state, process, serving)
        _write_certificates(state, process, service)
    for service in SERVICES:
        migrating = environment.migrating(portals if service == "owner-portal" else everywhere, service)
        if service == "owner-portal":
            owner = {"OWNER_EMAIL": everywhere.secrets.owner_email}
            migrating |= environment.creating_owner(portals) | owner
        _write_folder(state, f"{service}-migrate", migrating)
    for server in POSTGRES:
        password = make_folder(state / server, 0o700) / "password"
        if not password.exists():
            write_private(password, secrets.token_urlsafe(24))
    config = server_config("0.0.0.0:4222", "/data", authorization(everywhere.secrets.nats))
    write_private(make_folder(state / "nats", 0o700) / "nats.conf", config)


def provision_engines(state: Path) -> None:
    """Waits for both PostgreSQL servers and NATS, then provisions them."""
    everywhere = platform(state)
    for server, contexts in POSTGRES.items():
        password = (state / server / "password").read_text()
        dsn = f"postgresql://postgres:{password}@{server}:5432/postgres"
        databases = [DATABASES[context] for context in contexts]
        _until_it_answers(partial(_greet, dsn))
        provision_postgres(dsn, everywhere.secrets.roles, databases)
    _until_it_answers(lambda: asyncio.run(provision_nats(everywhere.nats_url(OPERATOR))))


def renew_certificates(state: Path) -> None:
    """Renews certificates that expire soon, once an hour, and gives each container its own."""
    while True:
        if renew(Certificates(state / "certificates")):
            for process, service in PROCESSES.items():
                _write_certificates(state, process, service)
        time.sleep(RENEW_SECONDS)


def main() -> None:
    """Runs one of the jobs."""
    jobs = {"files": write_files, "engines": provision_engines, "renew": renew_certificates}
    jobs[sys.argv[1]](STATE)


def _write_folder(state: Path, folder: str, variables: dict[str, str]) -> None:
    """Omits PATH and HOME, which the image sets itself."""
    target = make_folder(state / folder, 0o700)
    own = {name: value for name, value in variables.items() if name not in environment.INHERITED}
    lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(own.items()))
    write_private(target / "environment", lines)
    _give_away(target)


def _write_certificates(state: Path, folder: str, service: str) -> None:
    target = state / folder
    made, seen = Certificates(state / "certificates"), Certificates(target)
    for source, copy in (
        (made.authority, seen.authority),
        (made.key(service), seen.key(service)),
        (made.certificate(service), seen.certificate(service)),
    ):
        write_private(copy, source.read_bytes())
    _give_away(target)


def _give_away(target: Path) -> None:
    for path in (target, *target.iterdir()):
        os.chown(path, SERVICE_USER, SERVICE_USER)


def _greet(dsn: str) -> None:
    psycopg.connect(dsn, connect_timeout=2).close()


def _until_it_answers(attempt: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            attempt()
            return
        except (OSError, psycopg.OperationalError, nats.errors.Error):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


if __name__ == "__main__":
    main()
