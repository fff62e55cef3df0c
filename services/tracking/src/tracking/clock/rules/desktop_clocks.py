"""The clocks of desktops may be wrong: the offset of a clock, and which times are plausible."""

from datetime import datetime, timedelta


def clock_offset(desktop_time: datetime, now: datetime, *, known: timedelta) -> timedelta:
    """A clock's offset, given what it shows now (`desktop_time`); `known` is the offset measured before.

    A difference within the tolerance keeps the known offset exactly: a row that is sent again must not move by a
    second.
    """
    offset = now - desktop_time
    if abs(offset) <= TOLERANCE:
        offset = timedelta()
    return known if abs(offset - known) <= TOLERANCE else offset


TOLERANCE = timedelta(seconds=5)  # of a clock that counts as correct

PLAUSIBLE_YEARS = range(
    1980, 2200
)  # years that a wrong clock may show; beyond them an offset would leave the range of dates
