"""The cost of a load: for the platform, for decoding alone, and for storing alone."""

import time
from dataclasses import dataclass
from typing import LiteralString

import msgspec
import psycopg

from tenantry_ops.bench import cpu
from tenantry_ops.bench.drivers import Decoder, generator_ready
from tenantry_ops.bench.generator import Load, Report
from tenantry_ops.bench.results import BenchmarkFailed
from tenantry_ops.bench.rig import Rig

DRAIN_SECONDS = 60.0
POLL_SECONDS = 0.02

STORED = """
SELECT (SELECT count(*) FROM usage_record) + (SELECT count(*) FROM activity)
       + (SELECT count(*) FROM fold_queue WHERE kind IN ('A', 'I'))
"""
ASIDE = "SELECT count(*) FROM quarantine"
DRAINED = "SELECT (NOT EXISTS (SELECT FROM fold_queue) AND NOT EXISTS (SELECT FROM outbox))::integer"


@dataclass(frozen=True)
class Cost:
    """CPU seconds per 1,000 rows by process, and the generator's report. `lost`: accepted rows that were not stored."""

    by_process: dict[str, float]
    report: Report
    lost: int

    @property
    def total(self) -> float:
        """All processes together."""
        return sum(self.by_process.values())


def platform_cost(rig: Rig, load: Load) -> Cost:
    """Measures until the last row is folded and published. Raises BenchmarkFailed on quarantined or duplicate rows."""
    processes = rig.processes
    with psycopg.connect(rig.superuser_dsn("tracking"), autocommit=True) as database:
        stored = _number(database, STORED)
        with generator_ready(load) as generator:
            _wait_drained(database)
            before = {name: cpu.seconds([pid]) for name, pid in processes.items()}
            report = generator.go()
            _wait_drained(database)
            used = {name: cpu.seconds([pid]) - before[name] for name, pid in processes.items()}
        lost = report.warm_rows + report.rows - (_number(database, STORED) - stored)
        aside = _number(database, ASIDE)
    if aside or lost < 0:
        raise BenchmarkFailed(f"{aside} honest rows were quarantined, and {max(0, -lost)} rows were never sent")
    return Cost({name: seconds / report.rows * 1000 for name, seconds in used.items()}, report, lost)


def decoding_cost(decoder: Decoder, load: Load) -> float:
    """Returns the CPU seconds per 1,000 rows of the server that only decodes."""
    load = msgspec.structs.replace(load, address=decoder.address)
    with generator_ready(load) as generator:
        before = cpu.seconds([decoder.pid])
        report = generator.go()
        used = cpu.seconds([decoder.pid]) - before
    return used / report.rows * 1000


def _wait_drained(database: psycopg.Connection) -> None:
    deadline = time.monotonic() + DRAIN_SECONDS
    while not _number(database, DRAINED):
        if time.monotonic() > deadline:
            raise BenchmarkFailed(f"the aggregator has not folded everything after {DRAIN_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)


def _number(database: psycopg.Connection, statement: LiteralString) -> int:
    row = database.execute(statement).fetchone()
    return int(row[0]) if row else 0
