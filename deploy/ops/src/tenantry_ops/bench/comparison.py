"""Comparison of a call with a plain SELECT of the same rows: timed alternately, with both results checked."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tenantry_ops.bench.results import BenchmarkFailed, Result, percentile

Answer = TypeVar("Answer")
Row = tuple[Any, ...]

DEADLINE_SECONDS = 10.0  # for one call
WARM_UP = 10  # rounds, enough for psycopg to prepare its statements
MAX_ROUNDS = 200
MAX_SECONDS = 20.0  # after which no further round begins
SHARES = (("p50", 0.5), ("p99", 0.99))


@dataclass(frozen=True)
class Comparison(Generic[Answer]):
    """`expected`: what `shown` must find in each response, in this order; its first column is the rows' key."""

    name: str
    call: Callable[[], Answer]
    shown: Callable[[Answer], list[Row]]
    select: Callable[[], list[Row]]
    expected: list[Row]

    def times(self) -> tuple[float, float]:
        """Returns the milliseconds of one call and of one SELECT. Raises BenchmarkFailed if a result is wrong."""
        call, answer = _timed(self.call)
        select, rows = _timed(self.select)
        if self.shown(answer) != self.expected:
            raise BenchmarkFailed(f"{self.name}: the answer is not what is in the database")
        if len(rows) != len(self.expected) or {row[0] for row in rows} != {row[0] for row in self.expected}:
            raise BenchmarkFailed(f"{self.name}: the SELECT did not read the rows of the answer")
        return call, select


def compare(comparisons: Sequence[Comparison[Any]]) -> list[Result]:
    """Runs all comparisons in rounds; the limit of a figure is the plain SELECT. Raises BenchmarkFailed."""
    for _round in range(WARM_UP):
        _go_round(comparisons)
    rounds: list[list[tuple[float, float]]] = []
    began = time.monotonic()
    while len(rounds) < MAX_ROUNDS and time.monotonic() - began < MAX_SECONDS:
        rounds.append(_go_round(comparisons))
    by_comparison = zip(comparisons, zip(*rounds, strict=True), strict=True)
    figures = [figure for comparison, times in by_comparison for figure in _figures(comparison.name, times)]
    return [*figures, Result("owner_lists_rounds", len(rounds), "rounds")]


def _go_round(comparisons: Sequence[Comparison[Any]]) -> list[tuple[float, float]]:
    return [comparison.times() for comparison in comparisons]


def _figures(name: str, times: Sequence[tuple[float, float]]) -> Iterator[Result]:
    calls, selects = zip(*times, strict=True)
    for label, share in SHARES:
        yield Result.against(f"{name}_{label}", percentile(calls, share), "ms", percentile(selects, share))


def _timed(read: Callable[[], Answer]) -> tuple[float, Answer]:
    began = time.perf_counter()
    answer = read()
    return (time.perf_counter() - began) * 1000, answer
