"""Spans of seconds as PostgreSQL writes multiranges of integers: in SQL, cast such a column to text and back."""

import re

from tracking.domain.spans import Spans

_SPAN = re.compile(r"\[(-?\d+),(-?\d+)\)")


def to_text(spans: Spans, origin: int = 0) -> str:
    """Spans in Unix time as a multirange of the seconds since `origin`."""
    return "{" + ",".join([f"[{start - origin},{end - origin})" for start, end in spans]) + "}"


def from_text(multirange: str, origin: int = 0) -> Spans:
    """The same the other way round."""
    return [(int(start) + origin, int(end) + origin) for start, end in _SPAN.findall(multirange)]
