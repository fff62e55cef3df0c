"""The measured platform, in a temporary folder."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tenantry_ops import stack
from tenantry_ops.bench.results import BenchmarkFailed
from tenantry_ops.environment import Platform
from tenantry_ops.home import Home
from tenantry_ops.options import Options
from tenantry_ops.ports import free_port

PUBLIC_PORTS = ("PORTAL_PORT", "GATEWAY_PORT", "WORKSPACE_PORT")


class Rig:
    """A platform run by the `tenantry` command; its data survives a restart and is removed with the block."""

    def __init__(self, beside: Path) -> None:
        """`beside`: the home of another platform, which may be running and is not touched."""
        folder = tempfile.mkdtemp(prefix=f"{beside.name}-bench-", dir=beside.parent)
        Path(folder).chmod(0o711)  # PostgreSQL's own user must pass through
        self.home = Home(Path(folder))
        self._ports = {name: str(port) for name, port in zip(PUBLIC_PORTS, _free_ports(), strict=True)}
        self._options = Options(home=self.home.root)

    def start(self, *, gateway_workers: int) -> float:
        """Waits until everything is ready and returns the seconds it took. Raises BenchmarkFailed."""
        variables = self._ports | {"GATEWAY_WORKERS": str(gateway_workers), "DEMO": "0", "DETACH": "1"}
        self._options = Options.from_environment(variables | {"TENANTRY_HOME": str(self.home.root)})
        began = time.monotonic()
        self._run("up", variables)
        return time.monotonic() - began

    def stop(self) -> None:
        """Stops all processes in order; does nothing if none runs."""
        self._run("down", {})

    @property
    def platform(self) -> Platform:
        """The addresses and secrets of the platform."""
        return stack.load(self.home, self._options)

    @property
    def processes(self) -> dict[str, int]:
        """The pid of each process by its name; workers and backends are their children."""
        return {record.name: record.pid for record in self.home.read_processes()}

    def superuser_dsn(self, database: str) -> str:
        """Returns the superuser's URL of a database, for setup and counting."""
        platform = self.platform
        postgres, _nats = stack.engines(self.home, platform.secrets)
        postgres.port = int(platform.postgres.rpartition(":")[2])
        return postgres.dsn(database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()
        elsewhere = self.home.root / "postgres" / "data-is-elsewhere"
        if elsewhere.exists():
            shutil.rmtree(elsewhere.read_text())
        shutil.rmtree(self.home.root)

    def _run(self, command: str, variables: dict[str, str]) -> None:
        environment = {**os.environ, **variables, "TENANTRY_HOME": str(self.home.root)}
        arguments = [sys.executable, "-m", "tenantry_ops.cli", command]
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchmarkFailed(f"`tenantry {command}` failed:\n{done.stdout}{done.stderr}")


def _free_ports() -> list[int]:
    ports: set[int] = set()
    while len(ports) < len(PUBLIC_PORTS):
        ports.add(free_port())
    return list(ports)
