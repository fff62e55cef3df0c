"""The common base of both engines: one owner per folder, a stored port, a log, start and stop."""

import fcntl
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar, Self

import psutil

from tenantry_ops import processes
from tenantry_ops.engines.identity import Identity
from tenantry_ops.files import make_folder
from tenantry_ops.ports import LOOPBACK, PortBook, is_free

# Recovery after an unclean end replays the log, which may take minutes while the process runs.
START_SECONDS = 300.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.02
RETRY_SECONDS = 0.2


class EngineError(RuntimeError):
    """An engine cannot be started; the message says what to do."""


class Engine(ABC):
    """One server process over one folder. A restart after any end, clean or not, keeps data and port."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    host = LOOPBACK

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        # 711: a server of another user must be able to traverse the folder; secret files have stricter modes.
        self.data_dir = make_folder(Path(data_dir).absolute(), 0o711)
        self.log = self.data_dir / f"{self.name}.log"
        self.port = 0
        self._fixed_port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    @property
    def pid(self) -> int:
        """The server's process id. Raises EngineError if it was not started."""
        if self._process is None:
            raise EngineError(f"{self.name} is not running: start it first")
        return self._process.pid

    def is_running(self) -> bool:
        """Returns whether the server's process runs."""
        return self._process is not None and self._process.poll() is None

    def end_status(self) -> str:
        """Describes how the server ended; only valid after is_running() returned False."""
        return processes.end_status(self._process.returncode) if self._process is not None else "was not started"

    def start(self) -> None:
        """Starts the server and waits until it accepts connections. Raises EngineError with the end of its log."""
        if self.is_running():
            return
        self._own_folder()
        try:
            self._end_leftover()
            self.port = self._choose_port()
            self._launch()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stops the server, by force if necessary, and waits for its end. Does nothing if it was stopped before."""
        if self._process is not None:
            if self.is_running():
                processes.end([psutil.Process(self._process.pid)], STOP_SECONDS, self.stop_signal)
            self._process.wait()
            self._process = None
        self.abandon()

    def kill(self) -> None:
        """Kills the server like a power failure, for fault tests; start() restarts it."""
        os.kill(self.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def abandon(self) -> None:
        """Releases the folder without ending the server, as if this process had died; for fault tests."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    @abstractmethod
    def _prepare(self) -> tuple[list[str], Identity]:
        """Prepares the folder; returns the server's command and the user it runs as."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Returns whether the started process accepts connections."""

    @abstractmethod
    def _leftover(self) -> psutil.Process | None:
        """Returns a server that still runs on this folder after its owner has ended."""

    def _is_transient(self, _message: str) -> bool:
        """Returns whether a start that failed with this log may succeed shortly after."""
        return False

    def _launch(self) -> None:
        command, identity = self._prepare()
        deadline = time.monotonic() + START_SECONDS
        while True:
            log_position = self.log.stat().st_size if self.log.exists() else 0
            self._process = self._spawn(command, identity)
            while self.is_running() and time.monotonic() < deadline:
                if self._is_ready():
                    return
                time.sleep(POLL_SECONDS)
            message = self._log_since(log_position)
            if self.is_running() or not self._is_transient(message) or time.monotonic() > deadline:
                raise EngineError(f"{self.name} did not start; the end of {self.log} says:\n{message}")
            time.sleep(RETRY_SECONDS)

    def _own_folder(self) -> None:
        if self._lock is not None:
            return
        lock = (self.data_dir / "owner.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise EngineError(f"another process runs {self.name} in {self.data_dir}: stop it first") from None
        self._lock = lock

    def _end_leftover(self) -> None:
        """Stops a server without an owner. This process holds the lock, so nobody else would ever stop it."""
        leftover = self._leftover()
        if leftover is not None:
            processes.end([leftover], STOP_SECONDS, self.stop_signal)

    def _choose_port(self) -> int:
        if self._fixed_port is None:
            return PortBook(self.data_dir / "port.json").port(self.name)
        if not is_free(self._fixed_port):
            raise EngineError(f"port {self._fixed_port} is taken: give {self.name} another one")
        return self._fixed_port

    def _spawn(self, command: list[str], identity: Identity) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            # A separate session: Ctrl-C in the terminal reaches only the supervisor, which stops in order.
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={"PATH": os.defpath, "LANG": "C.UTF-8"} | processes.shifted_clock(),
                start_new_session=True,
                user=identity.user,
                group=identity.group,
                extra_groups=identity.extra_groups,
            )

    def _log_since(self, position: int) -> str:
        with self.log.open("rb") as log:
            log.seek(position)
            return log.read()[-2_000:].decode(errors="replace")
