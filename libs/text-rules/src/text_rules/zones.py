"""The selectable time zones, by their IANA names."""

from functools import cache
from zoneinfo import available_timezones

# They stand for the machine's setting or for no choice, or count leap seconds.
_OF_THE_MACHINE = {"Factory", "localtime", "posixrules"}
_COPIES = ("posix/", "right/")


@cache
def time_zones() -> tuple[str, ...]:
    """Returns the selectable time zones, sorted by name."""
    return tuple(sorted(name for name in available_timezones() - _OF_THE_MACHINE if not name.startswith(_COPIES)))


def is_time_zone(name: str) -> bool:
    """Returns whether the time zone is selectable."""
    return name in _known()


@cache
def _known() -> frozenset[str]:
    return frozenset(time_zones())
