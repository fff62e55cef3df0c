"""Spans of seconds as PostgreSQL writes multiranges of integers: in SQL, cast such a column to text and back."""

import msgspec

from tracking.clock.rules.spans import Span, Spans

_spans = msgspec.json.Decoder(list[Span]).decode


def to_text(spans: Spans, origin: int = 0) -> str:
    """Spans in Unix time as a multirange of the seconds since `origin`."""
    return "{" + ",".join([f"[{start - origin},{end - origin})" for start, end in spans]) + "}"


def from_text(multirange: str, origin: int = 0) -> Spans:
    """The same the other way round. msgspec.DecodeError: a range has no bounds; nothing here writes such."""
    # "{[1,2),[5,9)}" is almost JSON, and nothing else reads as fast: a fold reads some hundred thousand spans a second.
    spans = _spans(f"[{multirange[1:-1].replace(')', ']')}]")
    return [(start + origin, end + origin) for start, end in spans]
