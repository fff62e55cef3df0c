"""The CPU cost of an upload, compared with the minimum of this machine, measured alternately."""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from tenantry_ops.bench.copying import copy_cpu
from tenantry_ops.bench.costs import Cost, decoding_cost, platform_cost
from tenantry_ops.bench.crowd import Crowd
from tenantry_ops.bench.drivers import decoder_running
from tenantry_ops.bench.generator import Load
from tenantry_ops.bench.results import Result
from tenantry_ops.bench.rig import Rig

MIN_ROUNDS, MAX_ROUNDS = 3, 5
MAX_SECONDS = 120.0  # after which no further round begins
DECODING_SECONDS = 0.7
ROUND_HOURS = 4  # of the members' time, enough for the uploads of a round


@dataclass(frozen=True)
class Size:
    """Uploads of one size. The limit commits rows in groups, like uploads that arrive together.

    Loads of few rows last longer, because they must be long compared with the wait for the last fold.
    """

    rows: int
    connections: int
    seconds: float
    group: int
    copied: int


SIZES = (Size(1, 128, 8, 100, 10_000), Size(20, 64, 4, 1000, 40_000), Size(200, 16, 4, 1000, 40_000))


@dataclass(frozen=True)
class Round:
    """The platform's cost, and the limit in CPU seconds per 1,000 rows."""

    cost: Cost
    limit: float


def ingest(rig: Rig, crowd: Crowd) -> list[Result]:
    """Raises BenchmarkFailed if an honest row was refused, quarantined or not folded."""
    platform, postgres = rig.platform, rig.processes["postgres"]
    dsn = platform.database_url("tracking_ingest", "tracking")
    rounds: dict[Size, list[Round]] = {size: [] for size in SIZES}
    with decoder_running() as decoder:
        began = time.monotonic()
        for number in range(MAX_ROUNDS):
            if number >= MIN_ROUNDS and time.monotonic() - began > MAX_SECONDS:
                break
            for place, size in enumerate(SIZES, start=1):
                load = Load(
                    address=platform.gateway,
                    members=crowd.members,
                    keys=crowd.keys,
                    rows=size.rows,
                    connections=size.connections,
                    seconds=size.seconds,
                    after=(number * len(SIZES) + place) * ROUND_HOURS * 3600,
                )
                cost = platform_cost(rig, load)
                decoding = decoding_cost(decoder, msgspec.structs.replace(load, seconds=DECODING_SECONDS))
                copying = copy_cpu(dsn, postgres, crowd.members, rows=size.copied, group=size.group)
                rounds[size].append(Round(cost, decoding + copying))
    return [result for size, found in rounds.items() for result in _results(f"ingest_{size.rows}", found)]


def _results(name: str, rounds: list[Round]) -> Iterator[Result]:
    """Returns medians over the rounds; ratios are per round, because the machine's speed drifts."""
    median = statistics.median
    costs = [found.cost for found in rounds]
    reports = [cost.report for cost in costs]
    ratio = median(found.cost.total / found.limit for found in rounds)
    limit = median(found.limit for found in rounds)
    unit = "CPU-s/1000 rows"
    yield Result(f"{name}_cpu", median(cost.total for cost in costs), unit, limit, ratio)
    for process in costs[0].by_process:
        yield Result(f"{name}_cpu_{process}", median(cost.by_process[process] for cost in costs), unit)
    yield Result(f"{name}_rounds", len(rounds), "rounds")
    yield Result(f"{name}_rate", median(report.rows / report.seconds for report in reports), "rows/s")
    yield Result(f"{name}_p50", median(report.p50_ms for report in reports), "ms")
    yield Result(f"{name}_p99", median(report.p99_ms for report in reports), "ms")
    yield Result(f"{name}_lost", sum(cost.lost for cost in costs), "rows", goal=0, must=True)
