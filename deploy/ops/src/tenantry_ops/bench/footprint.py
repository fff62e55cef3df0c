"""Memory and processor time of the idle platform."""

import time

from tenantry_ops.bench import cpu
from tenantry_ops.bench.results import Result
from tenantry_ops.bench.rig import Rig

IDLE_SECONDS = 5.0


def footprint(rig: Rig) -> list[Result]:
    """Returns CPU and memory of each process and its descendants without requests."""
    processes = rig.processes
    before = {name: cpu.seconds([pid]) for name, pid in processes.items()}
    time.sleep(IDLE_SECONDS)
    idle = {name: (cpu.seconds([pid]) - before[name]) / IDLE_SECONDS for name, pid in processes.items()}
    memory = {name: cpu.memory(pid) for name, pid in processes.items()}
    return [*_results("idle_cpu", idle, "cores"), *_results("memory", memory, "MiB")]


def _results(measure: str, by_process: dict[str, float], unit: str) -> list[Result]:
    parts = [Result(f"{measure}_{name}", value, unit) for name, value in by_process.items()]
    return [Result(measure, sum(by_process.values()), unit), *parts]
