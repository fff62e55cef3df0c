"""Days cut anew: the same seconds under another time zone."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from tracking.domain.days import days_between
from tracking.domain.spans import union
from tracking.domain.timeline import Timeline

DeviceDays = dict[tuple[date, UUID], Timeline]


def recut(kept: Iterable[tuple[date, UUID, Timeline]], time_zone: str) -> DeviceDays:
    """One person's kept days of devices (in Unix time), as days of the time zone.

    A day that has nothing any more is there, empty: whoever keeps days must overwrite the old one.
    """
    cut: DeviceDays = defaultdict(Timeline)
    for old_day, device_id, timeline in kept:
        cut[old_day, device_id] += Timeline()
        seconds = union(timeline.counted, timeline.deleted)
        if seconds:
            for day in days_between(seconds[0][0], seconds[-1][1], time_zone):
                cut[day.date, device_id] += timeline.clip(day.start, day.end)
    return dict(cut)
