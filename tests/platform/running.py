"""A platform run by `tenantry up` in a temporary home."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg.rows import namedtuple_row

from tenantry_ops import stack
from tenantry_ops.environment import Platform
from tenantry_ops.home import Home
from tenantry_ops.options import Options
from tenantry_ops.ports import free_port
from tenantry_ops.programs import services

WORKERS = 2


class Running:
    """All processes under their supervisor, which is a separate process, so that tests can observe restarts."""

    def __init__(self, folder: Path, **variables: str) -> None:
        """`variables`: further ones for `tenantry`."""
        ports = {name: str(free_port()) for name in ("PORTAL_PORT", "GATEWAY_PORT", "WORKSPACE_PORT")}
        self.home = Home(folder)
        self._environment = {
            **os.environ,
            **ports,
            "TENANTRY_HOME": str(folder),
            "GATEWAY_WORKERS": str(WORKERS),
            "DEMO": "0",
            "DETACH": "1",
            **variables,
        }

    @property
    def platform(self) -> Platform:
        """Addresses, passwords and certificates."""
        return stack.load(self.home, Options.from_environment(self._environment))

    @property
    def portal(self) -> str:
        """The portal's URL without a path, like the next two."""
        return f"http://{self.platform.portal}"

    @property
    def gateway(self) -> str:
        return f"http://{self.platform.gateway}"

    @property
    def workspace(self) -> str:
        return f"http://{self.platform.workspace}"

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Runs `tenantry …` on this home to its end."""
        command = [sys.executable, "-m", "tenantry_ops.cli", *arguments]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)

    def up(self) -> None:
        """Waits until everything is ready. Raises RuntimeError with the output if it does not become ready."""
        result = self.command("up")
        if result.returncode != 0:
            raise RuntimeError(f"tenantry up failed:\n{result.stdout}{result.stderr}")

    def pids(self, name: str) -> set[int]:
        """Returns the current process of a service or engine, by its name in processes.json; empty if there is none."""
        return {record.pid for record in self.home.read_processes() if record.name == name}

    def environment_of(self, name: str) -> Mapping[str, str]:
        """Returns the actual environment of a process."""
        [pid] = self.pids(name)
        return psutil.Process(pid).environ()

    def gateway_workers(self) -> list[psutil.Process]:
        """Returns the processes that serve trackers, without the helper of multiprocessing."""
        [pid] = self.pids("gateway")
        return [child for child in psutil.Process(pid).children() if _is_worker(child)]

    def missing(self) -> dict[str, str]:
        """Returns what each service that is not ready waits for."""
        missing = {service.program.name: service.missing() for service in services(self.platform)}
        return {name: reason for name, reason in missing.items() if reason is not None}

    def superuser_dsn(self, database: str) -> str:
        """Returns a superuser's URL for inspection; rights are tested with the services' own roles."""
        postgres, _nats = stack.engines(self.home, self.platform.secrets)
        postgres.port = int(self.platform.postgres.rpartition(":")[2])
        return postgres.dsn(database)

    def rows(self, database: str, statement: str, *values: Any) -> list[Any]:
        """Returns the rows of one statement, run as the superuser, as named tuples."""
        with psycopg.connect(self.superuser_dsn(database), row_factory=namedtuple_row) as connection:
            return connection.execute(statement, values).fetchall()

    def execute(self, database: str, statement: str, *values: Any) -> int:
        """Runs one statement as the superuser; returns the number of affected rows."""
        with psycopg.connect(self.superuser_dsn(database)) as connection:
            return connection.execute(statement, values).rowcount

    def logs(self) -> Iterator[Path]:
        """Returns every log file of the services and of both engines."""
        yield from self.home.root.rglob("*.log")


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.Error:  # it has just ended
        return False
