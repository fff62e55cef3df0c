"""Spans of seconds as the text of PostgreSQL's multiranges; statements cast such columns to and from text."""

import msgspec

from tracking.clock.rules.spans import Span, Spans

_spans = msgspec.json.Decoder(list[Span]).decode


def to_text(spans: Spans, origin: int = 0) -> str:
    """Spans in Unix time as a multirange of the seconds since `origin`."""
    return "{" + ",".join([f"[{start - origin},{end - origin})" for start, end in spans]) + "}"


def from_text(multirange: str, origin: int = 0) -> Spans:
    """The spans of a multirange. msgspec.DecodeError: a range is unbounded, which is never written here."""
    # "{[1,2),[5,9)}" is almost JSON, which is the fastest to parse: a fold reads some hundred thousand spans a second.
    spans = _spans(f"[{multirange[1:-1].replace(')', ']')}]")
    return [(start + origin, end + origin) for start, end in spans]
