"""The changing parts of pages by name, as open pages are sent them; templates print the same names."""

from collections.abc import Mapping

from owner_portal.web import formats

Cells = Mapping[str, str | Mapping[str, str]]


def bar(part: int | None, whole: int | None) -> Mapping[str, str]:
    """How far a bar of 100 is filled, and whether that is nearly all."""
    filled = formats.percent(part, whole)
    return {"width": str(filled), "data-full": "true" if filled >= 90 else "false"}


def number(value: float | None) -> Mapping[str, str]:
    """A number that the page puts into words; None shows as a dash."""
    return {"value": "" if value is None else str(value)}
