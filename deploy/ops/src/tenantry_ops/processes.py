"""Finds and ends processes that an earlier run left behind, and never others."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psutil

# psutil computes a start time from clock ticks since boot, so two readings of one process may differ by rounding.
START_TOLERANCE_SECONDS = 1.0
POLL_SECONDS = 0.02
COMMAND_SECONDS = 1.0
# The variables with which tests/clock/run shifts the clock of all processes of a test run.
SHIFTED_CLOCK = ("LD_PRELOAD", "SHIFTED_CLOCK_SECONDS")


def shifted_clock() -> dict[str, str]:
    """Returns the variables that shift a process's clock; usually none."""
    return {name: os.environ[name] for name in SHIFTED_CLOCK if name in os.environ}


@dataclass(frozen=True)
class ProcessRecord:
    """Identifies a process beyond its pid, which the kernel reuses."""

    name: str
    pid: int
    started: float  # seconds since the epoch
    command: tuple[str, ...]

    @classmethod
    def of(cls, name: str, pid: int) -> "ProcessRecord":
        """Describes a running process. Raises psutil.NoSuchProcess if it has ended.

        A process that was just started has no command line for a moment: its program is already in place, and its
        arguments are not.
        """
        process = psutil.Process(pid)
        deadline = time.monotonic() + COMMAND_SECONDS
        while not (command := process.cmdline()) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return cls(name=name, pid=pid, started=process.create_time(), command=tuple(command))

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "ProcessRecord":
        """Reads what to_json wrote."""
        return cls(name=data["name"], pid=data["pid"], started=data["started"], command=tuple(data["command"]))

    def to_json(self) -> dict[str, Any]:
        """Returns the record as JSON types."""
        return {"name": self.name, "pid": self.pid, "started": self.started, "command": list(self.command)}

    def survivors(self) -> list[psutil.Process]:
        """Returns the process and the rest of its group; nothing if the pid now belongs to another process."""
        leader = _process(self.pid)
        if leader is not None and not self._is(leader):
            return []
        return group_members(self.pid, self.started)

    def _is(self, process: psutil.Process) -> bool:
        try:
            if abs(process.create_time() - self.started) > START_TOLERANCE_SECONDS:
                return False
            # An ending process no longer has a command line. The program in its first place changes when a script below
            # a path with a space starts: a shell then executes its interpreter.
            command = tuple(process.cmdline())
            return not command or command[1:] == self.command[1:]
        except psutil.ZombieProcess:
            return True
        except psutil.Error:
            return False


def end_status(code: int) -> str:
    """Describes a return code of subprocess."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


def group_members(leader: int, since: float = 0.0) -> list[psutil.Process]:
    """Returns the living processes of a group that started at or after a moment.

    Every supervised process leads its own group, so its workers are found even after it has ended.
    """
    return [process for process in psutil.process_iter() if _is_member(process, leader, since)]


def wait_gone(waited_for: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Waits until the processes have ended, reaped or not; returns those still running after these seconds."""
    deadline = time.monotonic() + seconds
    while alive := [process for process in waited_for if _is_alive(process)]:
        if time.monotonic() > deadline:
            break
        time.sleep(POLL_SECONDS)
    return alive


def end(processes: Sequence[psutil.Process], grace_seconds: float, first: signal.Signals = signal.SIGTERM) -> None:
    """Signals the processes, waits for them, and kills those still running after the grace period."""
    for process in processes:
        _signal(process, first)
    alive = wait_gone(processes, grace_seconds)
    for process in alive:
        _signal(process, signal.SIGKILL)
    wait_gone(alive, grace_seconds)


def _is_member(process: psutil.Process, leader: int, since: float) -> bool:
    try:
        in_group = os.getpgid(process.pid) == leader
        return in_group and process.create_time() >= since - START_TOLERANCE_SECONDS and _is_alive(process)
    except (OSError, psutil.Error):
        return False


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(process: psutil.Process, which: signal.Signals) -> None:
    try:
        process.send_signal(which)
    except psutil.NoSuchProcess:
        return


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None
