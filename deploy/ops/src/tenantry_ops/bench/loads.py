"""Consecutive loads of the same members, and a check that all accepted rows are stored."""

import time
from collections.abc import Sequence

import msgspec
import psycopg

from tenantry_ops.bench.crowd import Crowd, Member
from tenantry_ops.bench.drivers import generator_ready
from tenantry_ops.bench.generator import Load, Report
from tenantry_ops.bench.results import BenchmarkFailed
from tenantry_ops.bench.rig import Rig

ROWS = 20
CONNECTIONS = 64
HOURS = 8  # of the members' time, enough for a load, even for a member with an exclusive connection


class Loads:
    """Loads in disjoint time ranges of the members; the first starts so many hours after their log-in."""

    def __init__(self, rig: Rig, crowd: Crowd, *, seconds: float, first_hour: int) -> None:
        self._rig = rig
        self._keys = crowd.keys
        self._seconds = seconds
        self._hours = first_hour
        self._accepted = 0
        self._stored_before = self._stored()

    def make(self, members: Sequence[Member], connections: int = CONNECTIONS, **more: float) -> Load:
        """Returns a load of these members. Raises BenchmarkFailed if its rows would come from the future."""
        self._hours += HOURS
        if max(member.since for member in members) + (self._hours + HOURS) * 3600 > time.time():
            raise BenchmarkFailed("rows from the future are clock steps, which ordinary uploads do not contain")
        load = Load(
            address=self._rig.platform.gateway,
            members=members,
            keys=self._keys,
            rows=ROWS,
            connections=connections,
            seconds=self._seconds,
            after=self._hours * 3600,
        )
        return msgspec.structs.replace(load, **more)

    def run(self, members: Sequence[Member], connections: int = CONNECTIONS, **more: float) -> Report:
        """Runs a load and returns its report."""
        with generator_ready(self.make(members, connections, **more)) as generator:
            return self.note(generator.go())

    def note(self, report: Report) -> Report:
        """Counts the accepted rows."""
        self._accepted += report.warm_rows + report.rows
        return report

    def lost(self) -> int:
        """Returns the number of accepted rows that are not stored."""
        return self._accepted - (self._stored() - self._stored_before)

    def _stored(self) -> int:
        statement = """
            SELECT (SELECT count(*) FROM usage_record) + (SELECT count(*) FROM activity)
                   + (SELECT count(*) FROM fold_queue WHERE kind IN ('A', 'I'))
        """
        with psycopg.connect(self._rig.superuser_dsn("tracking")) as connection:
            row = connection.execute(statement).fetchone()
        return int(row[0]) if row else 0
