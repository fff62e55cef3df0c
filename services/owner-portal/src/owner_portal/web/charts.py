"""Chart data: the page's script draws it, and a table shows the same numbers.

The small lines and bars beside numbers are drawn by the templates themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from text_rules.isolation import isolated

ChartKind = Literal["line", "bar", "stacked", "donut", "waterfall"]
SPARK_HEIGHT = 24


@dataclass(frozen=True, slots=True)
class Series:
    """One value for each label, None if unknown. `unit`: as in Chart, if it differs from the chart's."""

    name: str
    values: Sequence[int | float | None]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart.

    Labels are texts, days (2026-05-03) or months (2026-05). `unit` is bytes, seconds (shown as minutes), %, a
    currency's three letters (values in minor units) or any word. A donut and a waterfall have one series; the first and
    the last value of a waterfall are levels, those between lead from the one to the other. `tones`: for a donut, the
    colour of each label (green, blue, amber, orange, red or grey) where it means something. `of_names`: people have
    chosen the labels, which are isolated from the text around them.
    """

    kind: ChartKind
    labels: Sequence[str]
    series: Sequence[Series]
    zoom: bool = False
    unit: str = ""
    tones: Sequence[str] = ()
    of_names: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether all values are zero or missing."""
        return not any(value for one in self.series for value in one.values)

    def content(self) -> dict[str, Any]:
        """For the page's script, as JSON."""
        return {
            "kind": self.kind,
            "labels": [isolated(label) if self.of_names else label for label in self.labels],
            "series": [
                {"name": one.name, "values": list(one.values), "unit": one.unit or self.unit} for one in self.series
            ],
            "tones": list(self.tones),
            "zoom": self.zoom,
            "unit": self.unit,
        }


def spark(values: Sequence[int]) -> str:
    """The points of a line through the values: a step of 1 to the right each, SPARK_HEIGHT is the top."""
    top = max(values, default=0) or 1
    return " ".join(
        [f"{index},{SPARK_HEIGHT - 1 - value * (SPARK_HEIGHT - 2) // top}" for index, value in enumerate(values)]
    )
