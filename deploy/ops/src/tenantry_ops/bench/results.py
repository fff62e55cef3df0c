"""The figures of a benchmark, as a table and as JSON."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tenantry_ops.files import write_private


class BenchmarkFailed(RuntimeError):
    """The platform failed during the measurement, so there is no figure."""


@dataclass(frozen=True)
class Result:
    """One figure. `limit`, in the same unit, is the minimum of this machine in the same run."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    ratio: float | None = None
    goal: float | None = None  # the value should not be greater
    must: bool = False  # a missed goal is an error of the platform, not a slow machine's
    at_least: bool = False  # the value should not be less than the goal, instead

    @classmethod
    def against(cls, name: str, value: float, unit: str, limit: float, goal: float | None = None) -> "Result":
        """Returns a figure whose ratio is value / limit."""
        return cls(name, value, unit, limit, value / limit, goal)

    @property
    def is_missed(self) -> bool:
        """Whether the value misses its goal."""
        if self.goal is None:
            return False
        return self.value < self.goal if self.at_least else self.value > self.goal

    def to_json(self) -> dict[str, str | float | None]:
        """Returns the entry of bench.json."""
        return {"name": self.name, "value": self.value, "unit": self.unit, "limit": self.limit, "ratio": self.ratio}


def percentile(values: Sequence[float], share: float) -> float:
    """Returns the smallest value that at least this share (0..1) of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def table(results: Sequence[Result]) -> str:
    """Returns the figures as aligned text."""
    rows = [("name", "value", "unit", "limit", "ratio", "goal")]
    for result in results:
        cells = (_short(result.value), result.unit, _short(result.limit), _short(result.ratio), _verdict(result))
        rows.append((result.name, *cells))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def write(results: Sequence[Result], path: Path) -> None:
    """Stores the figures as a JSON list."""
    write_private(path, json.dumps([result.to_json() for result in results], indent=2) + "\n")


def _short(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"


def _verdict(result: Result) -> str:
    if result.goal is None:
        return ""
    sign = "≥" if result.at_least else "≤"
    return f"{sign} {_short(result.goal)} {result.unit}: {'MISSED' if result.is_missed else 'met'}"
