"""The home folder of a local platform: data, secrets, logs, and the list of processes."""

import fcntl
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tenantry_ops.files import make_folder, write_private
from tenantry_ops.processes import ProcessRecord


class AlreadyRunning(RuntimeError):
    """Another supervisor runs on this home."""


@dataclass(frozen=True)
class Home:
    """$TENANTRY_HOME. `run.json` is for people and the demo, `processes.json` for fault tests and cleanup."""

    root: Path

    def __post_init__(self) -> None:
        # 711: PostgreSQL, which runs as another user under root, must be able to traverse the folder.
        make_folder(self.root, 0o711)

    @property
    def secrets(self) -> Path:
        return self.root / "secrets.json"

    @property
    def certificates(self) -> Path:
        return self.root / "certificates"

    @property
    def logs(self) -> Path:
        return make_folder(self.root / "logs", 0o700)

    @property
    def ready(self) -> Path:
        """Exists while everything is up."""
        return self.root / "ready"

    @property
    def run(self) -> Path:
        return self.root / "run.json"

    @property
    def processes(self) -> Path:
        return self.root / "processes.json"

    @property
    def addresses(self) -> Path:
        return self.root / "addresses.json"

    def write_addresses(self, addresses: Mapping[str, str]) -> None:
        """Stores the address of each part as host:port."""
        write_private(self.addresses, json.dumps(dict(addresses), indent=2) + "\n")

    def read_addresses(self) -> dict[str, str]:
        """Returns the addresses of the current or last run. Raises FileNotFoundError before the first."""
        addresses: dict[str, str] = json.loads(self.addresses.read_text())
        return addresses

    def write_run(self, *, urls: Mapping[str, str], email: str, password: str) -> None:
        """Stores URLs and the owner's credentials; keeps the companies of an earlier demo."""
        companies: list[dict[str, Any]] = []
        if self.run.exists():
            companies = json.loads(self.run.read_text())["companies"]
        run = {**urls, "owner": {"email": email, "password": password}, "companies": companies}
        write_private(self.run, json.dumps(run, indent=2) + "\n")

    def write_processes(self, records: Iterable[ProcessRecord]) -> None:
        """Stores the running processes in the order of their start."""
        write_private(self.processes, json.dumps({r.name: r.to_json() for r in records}, indent=2) + "\n")

    def read_processes(self) -> list[ProcessRecord]:
        """Returns the processes at the last write; some may have ended since."""
        if not self.processes.exists():
            return []
        return [ProcessRecord.from_json(data) for data in json.loads(self.processes.read_text()).values()]

    def lock(self) -> IO[str]:
        """Locks the home until the file is closed or the process ends. Raises AlreadyRunning."""
        file = (self.root / "supervisor.lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise AlreadyRunning(f"Tenantry already runs in {self.root}: `make down` stops it") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        return file

    def supervisor_pid(self) -> int | None:
        """Returns the pid of the supervisor on this home, or None."""
        try:
            self.lock().close()
        except AlreadyRunning:
            return int((self.root / "supervisor.lock").read_text())
        return None
