"""How the gateway bears what does not happen on ordinary days: bursts, crowds, a greedy company, a day in one request.

STRAIN_SECONDS is how long each load lasts; 5 unless it is set.
"""

import dataclasses
import os
import time
from collections.abc import Iterator, Sequence

import msgspec
import psycopg

from tenantry_ops.bench import cpu
from tenantry_ops.bench.crowd import Crowd, Member
from tenantry_ops.bench.drivers import generator_ready
from tenantry_ops.bench.generator import Load, Report
from tenantry_ops.bench.resend import resend
from tenantry_ops.bench.results import BenchmarkFailed, Result
from tenantry_ops.bench.rig import Rig

SECONDS = float(os.environ.get("STRAIN_SECONDS", "5"))
ROWS = 20
CONNECTIONS = 64
CROWD = 10  # times as many connections
GREEDY_CONNECTIONS = 240  # of one company, beside the others' CONNECTIONS
HOURS = 4  # of the members' time: what a load's uploads tell of fits in
FIRST_HOURS = 72  # of the members' time are left to other benchmarks


def strain(rig: Rig, crowd: Crowd) -> list[Result]:
    """Raises BenchmarkFailed when rows are lost or set aside, or a refusal does not say when to come again."""
    loads = _Loads(rig, crowd)
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


class _Loads:
    """Loads one after the other, each in a time of the members' own."""

    def __init__(self, rig: Rig, crowd: Crowd) -> None:
        self._rig = rig
        self._keys = crowd.keys
        self._hours = FIRST_HOURS
        self._accepted = 0
        self._stored_before = self._stored()

    def make(self, members: Sequence[Member], connections: int = CONNECTIONS, **more: float) -> Load:
        """Returns a load of these members."""
        self._hours += HOURS
        load = Load(
            address=self._rig.platform.gateway,
            members=members,
            keys=self._keys,
            rows=ROWS,
            connections=connections,
            seconds=SECONDS,
            after=self._hours * 3600,
        )
        return msgspec.structs.replace(load, **more)

    def run(self, members: Sequence[Member], connections: int = CONNECTIONS, **more: float) -> Report:
        """Runs one and returns what came of it."""
        with generator_ready(self.make(members, connections, **more)) as generator:
            return self.note(generator.go())

    def note(self, report: Report) -> Report:
        """Counts what was accepted."""
        self._accepted += report.warm_rows + report.rows
        return report

    def lost(self) -> int:
        """Returns how many accepted rows are not stored."""
        return self._accepted - (self._stored() - self._stored_before)

    def _stored(self) -> int:
        statement = """
            SELECT (SELECT count(*) FROM usage_record) + (SELECT count(*) FROM activity)
                   + (SELECT count(*) FROM fold_queue WHERE kind IN ('A', 'I'))
        """
        with psycopg.connect(self._rig.superuser_dsn("tracking")) as connection:
            row = connection.execute(statement).fetchone()
        return int(row[0]) if row else 0


def _half(loads: _Loads, crowd: Crowd, capacity: float) -> Iterator[Result]:
    report = loads.run(crowd.members, rate=capacity / ROWS / 2)
    yield Result("strain_half_rate", report.rows / report.seconds, "rows/s")
    yield Result("strain_half_p50", report.p50_ms, "ms")
    yield Result("strain_half_p99", report.p99_ms, "ms", goal=50)


def _overload(loads: _Loads, crowd: Crowd, capacity: float) -> Iterator[Result]:
    report = loads.run(crowd.members, CONNECTIONS * CROWD, expected=True)
    yield Result("strain_crowd_goodput", report.rows / report.seconds / capacity, "x capacity", goal=0.8, at_least=True)
    yield Result("strain_crowd_refused", report.refused, "uploads")
    yield Result("strain_crowd_p99", report.p99_ms, "ms")


def _recovery(loads: _Loads, crowd: Crowd) -> Iterator[Result]:
    began = time.monotonic()
    report = loads.run(crowd.members[:CONNECTIONS], seconds=0.1)
    if not report.rows:
        raise BenchmarkFailed("nothing was accepted after the crowd had gone")
    yield Result("strain_recovery", time.monotonic() - began, "s", goal=5)


def _greedy(loads: _Loads, crowd: Crowd) -> Iterator[Result]:
    """What the other companies get while one of them sends as much as it can, over what they get without it."""
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
