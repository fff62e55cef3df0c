"""CPU seconds and memory of process trees, from /proc."""

import os
from collections.abc import Iterable
from pathlib import Path

import psutil

NANOSECONDS = 1e9
BYTES_PER_MIB = 1 << 20


def seconds(roots: Iterable[int]) -> float:
    """Returns the CPU seconds (user and system) of the processes and their descendants, including ended ones."""
    return sum(_seconds_of(process) for root in roots for process in _tree(root))


def memory(root: int) -> float:
    """Returns the proportional set size of a process and its descendants in MiB; shared memory counts once."""
    return sum(_pss_of(process) for process in _tree(root)) / BYTES_PER_MIB


def _tree(root: int) -> list[psutil.Process]:
    process = psutil.Process(root)
    return [process, *process.children(recursive=True)]


def _seconds_of(process: psutil.Process) -> float:
    """Returns the greater of the kernel's two clocks: the precise one omits ended threads, the other is coarse."""
    try:
        times = process.cpu_times()
        fine = sum(_thread_seconds(process.pid, thread) for thread in os.listdir(f"/proc/{process.pid}/task"))
    except (psutil.NoSuchProcess, FileNotFoundError):
        return 0.0  # it has just ended, so its parent accounts for its time
    return max(fine, times.user + times.system) + times.children_user + times.children_system


def _thread_seconds(pid: int, thread: str) -> float:
    try:
        return int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0]) / NANOSECONDS
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def _pss_of(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0
