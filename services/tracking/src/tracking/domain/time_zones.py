"""The time zones that people may choose, by their IANA names."""

from functools import cache
from zoneinfo import available_timezones


@cache
def time_zones() -> tuple[str, ...]:
    """In the order of their names; without those that stand for a machine's own setting."""
    return tuple(sorted(available_timezones() - {"Factory", "localtime"}))
