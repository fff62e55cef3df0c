"""The environment of one test module: its own databases, users and addresses."""

import dataclasses
import itertools
import shutil
import subprocess
import tempfile
from pathlib import Path

from tenantry_ops import environment
from tenantry_ops.certificates import Certificates
from tenantry_ops.environment import Platform
from tenantry_ops.ports import LOOPBACK, free_port
from tenantry_ops.programs import command
from tenantry_ops.provision import create_database, drop_database
from tenantry_ops.secrets import Secrets
from tenantry_ops.topology import DATABASES
from testkit.engines import AnyNats, AnyPostgres

_numbers = itertools.count(1)
# The aggregator is last, because only its NATS user may publish.
PROCESSES = {"tracking": ("gateway", "workspace", "aggregator")}


class Templates:
    """Migrated, empty databases, created once per session by each service's `migrate` and then copied."""

    def __init__(self, postgres: AnyPostgres) -> None:
        self._postgres = postgres
        self._migrated: set[str] = set()

    def template(self, service: str, platform: Platform) -> str:
        """Returns the name of the service's template. Raises RuntimeError with the output if the migration fails."""
        context = environment.context_of(service)
        name = f"{context}_template"
        if service not in self._migrated:
            create_database(self._postgres.dsn(), DATABASES[context], name)
            variables = environment.migrating(dataclasses.replace(platform, databases={context: name}), service)
            run_command(service, "migrate", environment=variables)
            self._migrated.add(service)
        return name


class World:
    """The resources of a test module's services, created on first use."""

    def __init__(
        self,
        *,
        postgres: AnyPostgres,
        nats: AnyNats,
        templates: Templates,
        secrets: Secrets,
        certificates: Certificates,
    ) -> None:
        self._postgres = postgres
        self._templates = templates
        self._number = next(_numbers)
        self._databases: dict[str, str] = {}
        self._pictures = Path(tempfile.mkdtemp(prefix="pictures-"))
        self.platform = Platform(
            secrets=secrets,
            certificates=certificates,
            postgres=f"{postgres.host}:{postgres.port}",
            nats=f"{nats.host}:{nats.port}",
            tenancy=_free_address(),
            billing=_free_address(),
            gateway=_free_address(),
            workspace=_free_address(),
            portal=_free_address(),
            pictures=self._pictures.as_uri(),
            cookie_secure=False,
            databases=self._databases,
        )

    def service_environment(self, service: str, **overrides: str) -> dict[str, str]:
        """Returns the environment of tenancy, billing, tracking or owner-portal, its database migrated and empty.

        All calls of one module use the same databases and addresses, so its services find each other.
        It holds PREFIX_MIGRATION_DATABASE_URL too, for tests of `migrate`, and for tracking what any of its processes
        reads, so that a test can start each of them. overrides replace or add variables.
        """
        self._ensure_database(service)
        made = environment.migrating(self.platform, service)
        for process in PROCESSES.get(service, (service,)):
            made |= environment.serving(self.platform, process)
        return made | overrides

    def superuser_dsn(self, service: str) -> str:
        """Returns the superuser's URL of the service's database, for inspection but not for tests of rights."""
        self._ensure_database(service)
        return self._postgres.dsn(self._databases[environment.context_of(service)])

    def close(self) -> None:
        """Drops the module's databases and pictures."""
        shutil.rmtree(self._pictures)
        for name in self._databases.values():
            drop_database(self._postgres.dsn(), name)

    def _ensure_database(self, service: str) -> None:
        context = environment.context_of(service)
        if context not in self._databases:
            name = f"{context}_{self._number}"
            template = self._templates.template(service, self.platform)
            create_database(self._postgres.dsn(), DATABASES[context], name, template)
            self._databases[context] = name


def _free_address() -> str:
    return f"{LOOPBACK}:{free_port()}"


def run_command(service: str, *arguments: str, environment: dict[str, str]) -> str:
    """Runs a service's command and returns its output. Raises RuntimeError if it fails."""
    result = subprocess.run(
        command(service, *arguments),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise RuntimeError(f"tenantry-{service} {' '.join(arguments)} ended with {result.returncode}:\n{result.stdout}")
    return result.stdout
