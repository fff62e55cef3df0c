"""A child process of the supervisor, with its log and its workers."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tenantry_ops import processes

STOP_SECONDS = 15.0  # services wait up to 10 s for their own tasks
KILL_SECONDS = 5.0
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Program:
    """A command with its complete environment."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


class Child:
    """The leader of its own process group, so that workers end with it even if it is killed."""

    def __init__(self, program: Program, logs: Path) -> None:
        self.name = program.name
        self.log = logs / f"{program.name}.log"
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id. Raises ProcessLookupError before the first start."""
        if self._process is None:
            raise ProcessLookupError(f"{self.name} was not started")
        return self._process.pid

    def start(self) -> None:
        """Starts or restarts the process; kills remaining processes of the previous run first."""
        self._clear()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._program.command,
                env=dict(self._program.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def is_running(self) -> bool:
        """Returns whether the process runs. Does not reap it, so that its pid and its group are not reused."""
        if self._process is None or self._process.returncode is not None:
            return False
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def end_status(self) -> str:
        """Describes how the process ended; only valid after is_running() returned False."""
        return processes.end_status(self._clear())

    def ask_to_stop(self) -> None:
        """Sends SIGTERM to the process, which stops its workers."""
        if self.is_running():
            os.kill(self.pid, signal.SIGTERM)

    def wait_until(self, deadline: float) -> bool:
        """Waits until a time.monotonic() moment, then kills; returns whether the process ended by itself."""
        while self.is_running() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        by_itself = not self.is_running()
        self._clear()
        return by_itself

    def stop(self) -> None:
        """Stops the process and returns when it and its workers have ended."""
        self.ask_to_stop()
        self.wait_until(time.monotonic() + STOP_SECONDS)

    def _clear(self) -> int:
        """Kills the rest of the group, reaps the leader, and returns the exit code."""
        if self._process is None:
            return 0
        if self._process.returncode is None:
            # Listed before the leader is reaped; until then, the group id cannot be reused.
            members = processes.group_members(self._process.pid)
            with contextlib.suppress(ProcessLookupError, PermissionError):  # only the dead leader is left
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            processes.wait_gone(members, KILL_SECONDS)
        return self._process.returncode


def stop_together(children: Sequence[Child]) -> list[str]:
    """Stops the children in reverse order and waits for all of them; returns the names of those that were killed."""
    deadline = time.monotonic() + STOP_SECONDS
    for child in reversed(children):
        child.ask_to_stop()
    return [child.name for child in children if not child.wait_until(deadline)]
