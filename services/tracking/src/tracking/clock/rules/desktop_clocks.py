"""Clocks of desktops, which may be wrong: how far, and which moments can still be placed."""

from datetime import datetime, timedelta


def clock_offset(desktop_time: datetime, now: datetime, *, known: timedelta) -> timedelta:
    """How far the desktop's clock, which shows `desktop_time` now, is behind; `known` is what was found before.

    The same wrong clock stays exactly as wrong: a row that is sent again must not move by a second.
    """
    offset = now - desktop_time
    if abs(offset) <= TOLERANCE:
        offset = timedelta()
    return known if abs(offset - known) <= TOLERANCE else offset


TOLERANCE = timedelta(seconds=5)  # of clocks that are said to be right

PLAUSIBLE_YEARS = range(1980, 2200)  # what a wrong clock may show; farther off, an offset would leave the calendar
