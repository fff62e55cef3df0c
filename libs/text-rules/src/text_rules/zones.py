"""The time zones that people may choose, by their IANA names."""

from functools import cache
from zoneinfo import available_timezones

# They mean "whatever this machine is set to" or "nobody has chosen", or count leap seconds.
_OF_THE_MACHINE = {"Factory", "localtime", "posixrules"}
_COPIES = ("posix/", "right/")


@cache
def time_zones() -> tuple[str, ...]:
    """In the order of their names; nothing else is taken where a time zone is asked for."""
    return tuple(sorted(name for name in available_timezones() - _OF_THE_MACHINE if not name.startswith(_COPIES)))


def is_time_zone(name: str) -> bool:
    """Whether people may choose it."""
    return name in _known()


@cache
def _known() -> frozenset[str]:
    return frozenset(time_zones())
