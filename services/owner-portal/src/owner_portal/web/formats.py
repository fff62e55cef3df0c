"""Formats numbers, sizes and times."""

from datetime import UTC, date, datetime

_UNITS = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def number(value: int | None) -> str:
    """12345 → 12,345; a dash for None."""
    return "–" if value is None else f"{value:,}"


def minutes(seconds: int) -> str:
    """Whole minutes."""
    return number(seconds // 60)


def change(percent: float) -> str:
    """4.25 → +4.2 %."""
    return f"{percent:+.1f} %"


def size(value: int | None) -> str:
    """Bytes with a decimal unit and at most one digit after the point."""
    if value is None:
        return "–"
    for unit, factor in _UNITS:
        if value >= factor:
            return f"{value / factor:,.1f}".removesuffix(".0") + f" {unit}"
    return f"{value} B"


def money(minor_units: int | None, currency: str | None) -> str:
    """9900 and USD → 99.00 USD; the plans' currencies have two decimals."""
    return "–" if minor_units is None else f"{minor_units / 100:,.2f} {currency}"


def day(value: date | datetime | None) -> str:
    """3 May 2026."""
    return "–" if value is None else f"{value.day} {value:%b %Y}"


def short_day(value: date) -> str:
    """3 May."""
    return f"{value.day} {value:%b}"


def moment(value: datetime | None) -> str:
    """3 May 2026, 14:02 UTC."""
    return "never" if value is None else f"{day(value)}, {value.astimezone(UTC):%H:%M} UTC"


def ago(value: datetime | None, now: datetime | None = None) -> str:
    """The age in the largest unit that is not zero; the page's script uses the same form."""
    if value is None:
        return "never"
    seconds = ((now or datetime.now(UTC)) - value).total_seconds()
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return "just now"


def percent(part: int | None, whole: int | None) -> float:
    """0 to 100, for bars; 0 if a value is missing."""
    return round(min(100.0, 100 * part / whole), 1) if part and whole else 0.0
