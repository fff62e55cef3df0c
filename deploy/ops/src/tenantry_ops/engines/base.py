"""What both engines share: one owner a folder, a remembered port, a log, start, stop."""

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

# Recovery after an unclean end replays the log; it may take minutes, and the process lives meanwhile.
START_SECONDS = 300.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.02
RETRY_SECONDS = 0.2


class EngineError(RuntimeError):
    """An engine cannot be started; the message says what to do."""


class Engine(ABC):
    """One server process over one folder. Starting again after its end, clean or not, keeps data and port."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    host = LOOPBACK

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        # 711: a server that runs as another user must pass through; what is secret has a mode of its own.
        self.data_dir = make_folder(Path(data_dir).absolute(), 0o711)
        self.log = self.data_dir / f"{self.name}.log"
        self.port = 0
        self._fixed_port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    @property
    def pid(self) -> int:
        """The server's process id. Raises EngineError when it was not started."""
        if self._process is None:
            raise EngineError(f"{self.name} is not running: start it first")
        return self._process.pid

    def is_running(self) -> bool:
        """Says whether the server's process lives."""
        return self._process is not None and self._process.poll() is None

    def end_status(self) -> str:
        """Returns how the server ended, in words; only after is_running() said no."""
        return processes.end_status(self._process.returncode) if self._process is not None else "was not started"

    def start(self) -> None:
        """Starts the server and returns when it takes connections. Raises EngineError with the end of its log."""
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
        """Ends the server in order, or by force when it does not end; returns when it is gone. Does nothing twice."""
        if self._process is not None:
            if self.is_running():
                processes.end([psutil.Process(self._process.pid)], STOP_SECONDS, self.stop_signal)
            self._process.wait()
            self._process = None
        self.abandon()

    def kill(self) -> None:
        """Ends the server as a power cut would, for fault tests; start() brings it back."""
        os.kill(self.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def abandon(self) -> None:
        """Gives the folder up without ending the server, as when this process died; for fault tests."""
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
        """Writes what the server needs before it starts; returns its command and the user it runs as."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Says whether the started process takes connections."""

    @abstractmethod
    def _leftover(self) -> psutil.Process | None:
        """Returns a server that runs on this folder although its owner is gone."""

    def _is_transient(self, _message: str) -> bool:
        """Says whether a start that failed with this log may succeed a moment later."""
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
        """The lock is ours, so a server that still runs here has lost its owner: nobody else would ever stop it."""
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
            # A session of its own: Ctrl-C in the terminal reaches the supervisor alone, which stops in order.
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
