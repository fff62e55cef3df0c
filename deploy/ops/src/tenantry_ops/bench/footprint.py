"""What the platform takes while it does nothing in particular."""

import time

from tenantry_ops.bench import cpu
from tenantry_ops.bench.results import Result
from tenantry_ops.bench.rig import Rig

IDLE_SECONDS = 5.0


def footprint(rig: Rig) -> list[Result]:
    """Memory of each process with all below it, and the CPU that they use together without a request."""
    processes = rig.processes
    before = cpu.seconds(processes.values())
    time.sleep(IDLE_SECONDS)
    idle = (cpu.seconds(processes.values()) - before) / IDLE_SECONDS
    memory = {name: cpu.memory(pid) for name, pid in processes.items()}
    return [
        Result("idle_cpu", idle, "cores"),
        *(Result(f"memory_{name}", size, "MiB") for name, size in memory.items()),
        Result("memory_all", sum(memory.values()), "MiB"),
    ]
