"""Cells: the changing parts of pages by name, as live updates send them; templates use the same names."""

from collections.abc import Mapping

from owner_portal.web import formats

Cells = Mapping[str, str | Mapping[str, str]]


def bar(part: int | None, whole: int | None) -> Mapping[str, str]:
    """The fill of a bar of 100, and whether it is nearly full."""
    filled = formats.percent(part, whole)
    return {"width": str(filled), "data-full": "true" if filled >= 90 else "false"}


def number(value: float | None) -> Mapping[str, str]:
    """A number that the page formats; None is shown as a dash."""
    return {"value": "" if value is None else str(value)}
