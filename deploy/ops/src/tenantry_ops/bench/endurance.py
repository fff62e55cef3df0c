"""Memory growth of the gateway under a long load at half of its capacity.

ENDURANCE_SECONDS sets the duration: 20 by default, 600 for a reliable result.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tenantry_ops.bench import cpu
from tenantry_ops.bench.crowd import Crowd
from tenantry_ops.bench.drivers import generator_ready
from tenantry_ops.bench.loads import ROWS, Loads
from tenantry_ops.bench.results import BenchmarkFailed, Result
from tenantry_ops.bench.rig import Rig

SECONDS = float(os.environ.get("ENDURANCE_SECONDS", "20"))
TRIAL_SECONDS = 5.0  # of a load without pauses, which measures the capacity
SAMPLES = 60
WARM = SAMPLES // 6  # samples until pools, caches and buffers have grown
FIRST_HOUR = 54  # of the members' time; earlier hours belong to `ingest`, those 34 hours later to `strain`
GOAL_MIB = 5.0


def endurance(rig: Rig, crowd: Crowd) -> list[Result]:
    """Raises BenchmarkFailed if rows are lost, or the gateway was restarted meanwhile."""
    gateway = rig.processes["gateway"]
    loads = Loads(rig, crowd, seconds=SECONDS, first_hour=FIRST_HOUR)
    trial = loads.run(crowd.members, seconds=TRIAL_SECONDS)
    rate = trial.rows / trial.seconds / ROWS / 2
    with generator_ready(loads.make(crowd.members, rate=rate)) as generator, _sampled(gateway) as memory:
        report = loads.note(generator.go())
    if rig.processes["gateway"] != gateway:
        raise BenchmarkFailed("the gateway has ended and was started again")
    kept = memory[WARM:]
    return [
        Result("endurance_seconds", report.seconds, "s"),
        Result("endurance_rate", report.rows / report.seconds, "rows/s"),
        Result("endurance_p99", report.p99_ms, "ms"),
        Result("endurance_memory", kept[-1], "MiB"),
        # Compares halves, because single samples depend on the state of buffers.
        Result(
            "endurance_memory_growth",
            _mean(kept[len(kept) // 2 :]) - _mean(kept[: len(kept) // 2]),
            "MiB",
            goal=GOAL_MIB,
        ),
        Result("endurance_lost", loads.lost(), "rows", goal=0, must=True),
    ]


@contextmanager
def _sampled(pid: int) -> Iterator[list[float]]:
    """Samples the memory in MiB for the duration of the block."""
    found: list[float] = []
    over = threading.Event()

    def sample() -> None:
        while not over.wait(SECONDS / SAMPLES):
            found.append(cpu.memory(pid))

    sampling = threading.Thread(target=sample)
    sampling.start()
    try:
        yield found
    finally:
        over.set()
        sampling.join()


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
