"""The gateway under exceptional loads: bursts, many trackers, a greedy company, a day in one request.

STRAIN_SECONDS sets the duration of each load: 5 by default.
"""

import dataclasses
import os
import time
from collections.abc import Iterator

from tenantry_ops.bench import cpu
from tenantry_ops.bench.crowd import Crowd
from tenantry_ops.bench.drivers import generator_ready
from tenantry_ops.bench.loads import CONNECTIONS, ROWS, Loads
from tenantry_ops.bench.resend import resend
from tenantry_ops.bench.results import BenchmarkFailed, Result
from tenantry_ops.bench.rig import Rig

SECONDS = float(os.environ.get("STRAIN_SECONDS", "5"))
CROWD = 10  # times as many connections
GREEDY_CONNECTIONS = 240  # of one company, in addition to the others' CONNECTIONS
FIRST_HOUR = 80  # of the members' time; earlier hours belong to other benchmarks


def strain(rig: Rig, crowd: Crowd) -> list[Result]:
    """Raises BenchmarkFailed if rows are lost or quarantined, or a refusal lacks Retry-After."""
    loads = Loads(rig, crowd, seconds=SECONDS, first_hour=FIRST_HOUR)
    usual = loads.run(crowd.members)
    capacity = usual.rows / usual.seconds
    before = cpu.memory(rig.processes["gateway"])
    results = [
        Result("strain_capacity", capacity, "rows/s"),
        *_half(loads, crowd, capacity),
        *_overload(loads, crowd, capacity),
        *_recovery(loads, crowd),
        *_greedy(loads, crowd),
        Result("strain_lost", loads.lost(), "rows", goal=0, must=True),
        *resend(rig, crowd),
    ]
    return [*results, Result("strain_memory_growth", cpu.memory(rig.processes["gateway"]) - before, "MiB")]


def _half(loads: Loads, crowd: Crowd, capacity: float) -> Iterator[Result]:
    report = loads.run(crowd.members, rate=capacity / ROWS / 2)
    yield Result("strain_half_rate", report.rows / report.seconds, "rows/s")
    yield Result("strain_half_p50", report.p50_ms, "ms")
    yield Result("strain_half_p99", report.p99_ms, "ms", goal=50)


def _overload(loads: Loads, crowd: Crowd, capacity: float) -> Iterator[Result]:
    report = loads.run(crowd.members, CONNECTIONS * CROWD, expected=True)
    yield Result("strain_crowd_goodput", report.rows / report.seconds / capacity, "x capacity", goal=0.8, at_least=True)
    yield Result("strain_crowd_refused", report.refused, "uploads")
    yield Result("strain_crowd_p99", report.p99_ms, "ms")


def _recovery(loads: Loads, crowd: Crowd) -> Iterator[Result]:
    began = time.monotonic()
    report = loads.run(crowd.members[:CONNECTIONS], seconds=0.1)
    if not report.rows:
        raise BenchmarkFailed("nothing was accepted after the crowd had gone")
    yield Result("strain_recovery", time.monotonic() - began, "s", goal=5)


def _greedy(loads: Loads, crowd: Crowd) -> Iterator[Result]:
    """Compares the other companies' throughput with and without a company that sends as much as it can."""
    greedy_company = crowd.members[0].company_id
    greedy = [member for member in crowd.members if member.company_id == greedy_company]
    others = [member for member in crowd.members if member.company_id != greedy_company]
    alone = loads.run(others)
    times = range(GREEDY_CONNECTIONS // len(greedy))  # the same people, each at a time that makes their rows others
    desktops = [dataclasses.replace(member, since=member.since + 601 * number) for number in times for member in greedy]
    crowding = loads.make(desktops, len(desktops), expected=True)
    with generator_ready(loads.make(others)) as generator, generator_ready(crowding) as one:
        one.begin()
        report = loads.note(generator.go())
        taken = loads.note(one.end())
    share = (report.rows / report.seconds) / (alone.rows / alone.seconds)
    yield Result("strain_others_beside_a_greedy_one", share, "x alone", goal=0.9, at_least=True)
    yield Result("strain_greedy_refused", taken.refused, "uploads")
