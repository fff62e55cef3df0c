"""A process that the supervisor started: its log, its workers, its end."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tenantry_ops import processes

STOP_SECONDS = 15.0  # services give their own tasks 10 s
KILL_SECONDS = 5.0
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Program:
    """What to run, and with which environment, complete."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


class Child:
    """Leads a process group of its own, so that workers end with it even when it is killed."""

    def __init__(self, program: Program, logs: Path) -> None:
        self.name = program.name
        self.log = logs / f"{program.name}.log"
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process's id. Raises ProcessLookupError before the first start."""
        if self._process is None:
            raise ProcessLookupError(f"{self.name} was not started")
        return self._process.pid

    def start(self) -> None:
        """Starts the process, again if need be; what is left of the earlier one is killed first."""
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
        """Says whether it lives. A dead one is not reaped here: until then its pid, and so its group, is ours."""
        if self._process is None or self._process.returncode is not None:
            return False
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def end_status(self) -> str:
        """Returns how it ended, in words; only after is_running() said no."""
        return processes.end_status(self._clear())

    def ask_to_stop(self) -> None:
        """Sends SIGTERM to the process, which tells its workers."""
        if self.is_running():
            os.kill(self.pid, signal.SIGTERM)

    def wait_until(self, deadline: float) -> bool:
        """Waits for the end up to a time.monotonic() moment, then kills; says whether it ended by itself."""
        while self.is_running() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        by_itself = not self.is_running()
        self._clear()
        return by_itself

    def stop(self) -> None:
        """Ends it and returns when it and its workers are gone."""
        self.ask_to_stop()
        self.wait_until(time.monotonic() + STOP_SECONDS)

    def _clear(self) -> int:
        """Kills what is left of the group, reaps, and returns the exit code."""
        if self._process is None:
            return 0
        if self._process.returncode is None:
            # Listed before the leader is reaped: as long as it is not, the group's number cannot be anybody else's.
            members = processes.group_members(self._process.pid)
            with contextlib.suppress(ProcessLookupError, PermissionError):  # only the dead leader is left in it
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            processes.wait_gone(members, KILL_SECONDS)
        return self._process.returncode


def stop_together(children: Sequence[Child]) -> list[str]:
    """Stops them in reverse order and waits for all at once; returns the names of those that had to be killed."""
    deadline = time.monotonic() + STOP_SECONDS
    for child in reversed(children):
        child.ask_to_stop()
    return [child.name for child in children if not child.wait_until(deadline)]
