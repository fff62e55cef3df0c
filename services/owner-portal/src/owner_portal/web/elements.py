"""Numbers and times as HTML elements: formatted text, and the raw value for the page's script, which formats it in the
reader's language and time zone."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from markupsafe import Markup, escape

from owner_portal.web import formats
from owner_portal.web.static import static_url

_DASH = Markup("–")
_CELLS: Mapping[str, Callable[[Any], str]] = {
    "": formats.number,
    "size": formats.size,
    "minutes": formats.minutes,
    "change": formats.change,
}


def n(value: int | float | None) -> Markup:
    """12345 → 12,345; what is not whole has one digit after the point."""
    if isinstance(value, float):
        return _data(f'value="{value:.1f}"', f"{value:,.1f}")
    return _DASH if value is None else _data(f'value="{value:d}"', formats.number(value))


def size(value: int | None) -> Markup:
    """Bytes, with the unit that fits."""
    return _DASH if value is None else _data(f'value="{value:d}" data-format="size"', formats.size(value))


def minutes(seconds: int | None) -> Markup:
    """Whole minutes of so many seconds."""
    return _DASH if seconds is None else _data(f'value="{seconds:d}" data-format="minutes"', formats.minutes(seconds))


def percent(value: float | None) -> Markup:
    """12.345 → 12.3 %."""
    return _DASH if value is None else _data(f'value="{value:g}" data-format="percent"', f"{value:.1f} %")


def money(minor_units: int | None, currency: str | None) -> Markup:
    """Minor units of a currency with two decimals."""
    if minor_units is None or currency is None:
        return _DASH
    return _data(f'value="{minor_units:d}" {_of(currency)}', escape(formats.money(minor_units, currency)))


def cell(name: str, value: float | None, kind: str = "", currency: str = "") -> Markup:
    """A number that live updates replace under this name, as {"value": …}.

    `kind` is size, minutes, change or money; None is shown as a dash.
    """
    known = "" if value is None else value
    if kind == "money":
        amount = formats.money(None if value is None else int(value), currency)
        return _data(f'data-cell="{name}" value="{known}" {_of(currency)}', escape(amount))
    text = "–" if value is None else _CELLS[kind](value)
    return _data(f'data-cell="{name}" value="{known}" data-format="{kind}"', text)


def fill(name: str, part: int | None, whole: int | None, label: str) -> Markup:
    """A usage bar under this name; red from 90 %."""
    filled = formats.percent(part, whole)
    full = "true" if filled >= 90 else "false"
    return _trusted(
        f'<svg class="fill" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label="{label}">'
        f'<rect class="fill-room" width="100" height="4"/>'
        f'<rect class="fill-part" height="4" data-cell="{name}" width="{filled}" data-full="{full}"/></svg>'
    )


def day(value: date | datetime | None) -> Markup:
    """A calendar day, independent of the time zone."""
    if value is None:
        return _DASH
    plain = value.date() if isinstance(value, datetime) else value
    return _time(plain, "day", formats.day(plain))


def moment(value: datetime | None) -> Markup:
    """A time to the minute, shown in the reader's time zone."""
    return Markup("never") if value is None else _time(value, "moment", formats.moment(value))


def age(value: datetime | None) -> Markup:
    """The age; the page's script keeps it current."""
    return Markup("never") if value is None else _time(value, "age", formats.ago(value))


def icon(name: str) -> Markup:
    """A decorative icon. The build collects the names from templates."""
    return _trusted(f'<svg class="icon" aria-hidden="true"><use href="{static_url("icons.svg")}#{name}"/></svg>')


def _of(currency: str) -> str:
    return f'data-format="money" data-currency="{escape(currency)}"'


def _data(attributes: str, text: str) -> Markup:
    return _trusted(f"<data {attributes}>{text}</data>")


def _time(value: date, kind: str, text: str) -> Markup:
    return _trusted(f'<time datetime="{value.isoformat()}" data-format="{kind}">{text}</time>')


def _trusted(html: str) -> Markup:
    """Marks HTML as safe that consists of numbers, times, names of the templates and escaped texts."""
    return Markup(html)  # noqa: S704 - the callers are all above
