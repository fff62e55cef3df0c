"""What an upload costs in CPU, against the least that this machine can do, measured in turn with it."""

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

FEWEST_ROUNDS, MOST_ROUNDS = 3, 5
ENOUGH_SECONDS = 120.0  # after which no further round begins
DECODING_SECONDS = 0.7
ROUND_HOURS = 4  # of the members' time: what the uploads of a round tell of fits in


@dataclass(frozen=True)
class Size:
    """Uploads of so many rows; the limit gets its rows in groups, as uploads that arrive together share a commit.

    Loads of few rows last longer: the fewer rows a second, the more it matters that the load is long beside the wait
    for the last fold.
    """

    rows: int
    connections: int
    seconds: float
    group: int
    copied: int


SIZES = (Size(1, 128, 8, 100, 10_000), Size(20, 64, 4, 1000, 40_000), Size(200, 16, 4, 1000, 40_000))


@dataclass(frozen=True)
class Round:
    """What the platform took, and the limit in CPU seconds per 1,000 rows."""

    cost: Cost
    limit: float


def ingest(rig: Rig, crowd: Crowd) -> list[Result]:
    """Raises BenchmarkFailed when an honest row was refused, set aside or never folded."""
    platform, postgres = rig.platform, rig.processes["postgres"]
    dsn = platform.database_url("tracking_ingest", "tracking")
    rounds: dict[Size, list[Round]] = {size: [] for size in SIZES}
    with decoder_running() as decoder:
        began = time.monotonic()
        for number in range(MOST_ROUNDS):
            if number >= FEWEST_ROUNDS and time.monotonic() - began > ENOUGH_SECONDS:
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
    """Medians over the rounds; the ratio is the median of those within a round, for the machine's speed drifts."""
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
