"""Charts as numbers: where lines and bars go. The templates draw them, without a style attribute or a script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from owner_portal.domain.companies import Status
from owner_portal.domain.usage import CompanyDay

SPARK_WIDTH, SPARK_HEIGHT = 96.0, 24.0
CHART_HEIGHT = 200.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One day in the chart of a company, in units of its box; y grows downwards."""

    day: CompanyDay
    x: float
    active_y: float
    active_height: float
    idle_y: float
    idle_height: float


@dataclass(frozen=True, slots=True)
class UsageChart:
    """Bars of equal width; `scale` holds the minutes of the three lines, the highest first."""

    bars: Sequence[Bar]
    scale: Sequence[int]
    width: int


def spark(values: Sequence[int]) -> str:
    """The points of a line through the values, in a box of SPARK_WIDTH × SPARK_HEIGHT."""
    top = max(values, default=0) or 1
    step = SPARK_WIDTH / max(len(values) - 1, 1)
    usable = SPARK_HEIGHT - 3
    return " ".join(
        f"{index * step:.1f},{SPARK_HEIGHT - 1.5 - value / top * usable:.1f}" for index, value in enumerate(values)
    )


def shares(counts: Mapping[Status, int]) -> dict[Status, tuple[float, float]]:
    """Start and length of each status in a bar of 100."""
    whole = sum(counts.values()) or 1
    found: dict[Status, tuple[float, float]] = {}
    start = 0.0
    for status, count in counts.items():
        length = 100 * count / whole
        found[status] = (round(start, 2), round(length, 2))
        start += length
    return found


def usage_chart(days: Sequence[CompanyDay]) -> UsageChart:
    """Active minutes of each day with idle ones on top, ten units wide a day."""
    highest = max((day.active_seconds + day.idle_seconds for day in days), default=0)
    top = nice_ceiling(-(-highest // 60))
    bars = []
    for index, day in enumerate(days):
        active = CHART_HEIGHT * day.active_seconds / 60 / top
        idle = CHART_HEIGHT * day.idle_seconds / 60 / top
        bars.append(
            Bar(
                day=day,
                x=index * 10 + 1.5,
                active_y=round(CHART_HEIGHT - active, 2),
                active_height=round(active, 2),
                idle_y=round(CHART_HEIGHT - active - idle, 2),
                idle_height=round(idle, 2),
            )
        )
    return UsageChart(bars, (top, top // 2, 0), width=len(days) * 10)


def nice_ceiling(value: int) -> int:
    """The next even number of two digits and zeros that is not smaller: 7 → 8, 345 → 360, 14_610 → 16_000."""
    step: int = 2 * 10 ** max(len(str(value)) - 2, 0)
    return max(-(-value // step), 1) * step
