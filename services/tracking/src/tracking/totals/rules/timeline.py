"""Which seconds were worked: the rule that turns what trackers claim into exact time.

A tracker counts one tick a second, ACTIVE or INACTIVE, and reports the two sums with the moment of each kind's newest
tick. It keeps adding to the sums until a reply arrives, so a report after a lost reply repeats what was stored, larger
and newer. Therefore, for the reports of one device:

- the claims of a report are laid out backwards from their newest ticks, which gives the *extents* they cover;
- in an extent, what is counted already is taken off what is claimed, kind by kind: a repetition adds only its growth;
- only seconds not counted yet are given out, so no span ever holds more time than it has.

An employee's time is the union of the devices' times: overlapping desktops count once, and somebody who is idle at one
desktop and active at another is active. Folding a report twice changes nothing.

Seconds that an admin has deleted stay counted for their device, so that whatever it sends again is known; they are left
out of the employee's time.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from tracking.clock.rules.spans import Spans, add, clip, gaps, latest, occupy, size, subtract, union


class ActivityKind(StrEnum):
    """What the employee did in a second."""

    ACTIVE = "A"
    IDLE = "I"


class Claim(NamedTuple):
    """`seconds` ticks of one kind, at least one, the newest of them in the second before `end` (Unix time)."""

    kind: ActivityKind
    end: int
    seconds: int


_KINDS = tuple(ActivityKind)  # iterating over the enumeration is slow
_END = attrgetter("end")


@dataclass(frozen=True, slots=True)
class Timeline:
    """Counted seconds in Unix time; the two sets never overlap. `deleted` seconds, counted or not, belong to nobody's
    time.
    """

    active: Spans = field(default_factory=list)
    idle: Spans = field(default_factory=list)
    deleted: Spans = field(default_factory=list)

    @property
    def standing(self) -> "Timeline":
        """The seconds that are not deleted."""
        return Timeline(subtract(self.active, self.deleted), subtract(self.idle, self.deleted))

    def __add__(self, other: "Timeline") -> "Timeline":
        sets = union(self.active, other.active), union(self.idle, other.idle), union(self.deleted, other.deleted)
        return Timeline(*sets)

    def clip(self, start: int, end: int) -> "Timeline":
        """The part between `start` and `end`."""
        return Timeline(clip(self.active, start, end), clip(self.idle, start, end), clip(self.deleted, start, end))


class LaidOutReport(NamedTuple):
    """A report's claims, at least one, by their ends, and the spans that they cover together."""

    claims: list[Claim]
    extents: Spans


def lay_out(claims: Sequence[Claim]) -> LaidOutReport:
    """Lays a report's claims out backwards from their newest ticks, so that none overlaps another."""
    if len(claims) == 1:
        return LaidOutReport([*claims], [(claims[0].end - claims[0].seconds, claims[0].end)])
    by_end = sorted(claims, key=_END)
    extents = _side_by_side(by_end)
    if extents is not None:
        return LaidOutReport(by_end, extents)
    extents = []
    for kind in _KINDS:
        for claim in reversed(by_end):
            if claim.kind is kind:
                occupy(extents, claim.end, claim.seconds)
    return LaidOutReport(by_end, extents)


def _side_by_side(by_end: Iterable[Claim]) -> Spans | None:
    """The extents of claims that do not overlap, as in an ordinary report; None if two do."""
    extents: Spans = []
    before: int | None = None
    for _kind, end, seconds in by_end:
        start = end - seconds
        if before is None or start > before:
            extents.append((start, end))
        elif start == before:
            extents[-1] = (extents[-1][0], end)
        else:
            return None
        before = end
    return extents


def fold(device: Timeline, *reports: LaidOutReport) -> Timeline:
    """The device's timeline after these reports, in their order."""
    active, idle = list(device.active), list(device.idle)
    for report in reports:
        _count(active, idle, report)
    return Timeline(active, idle, device.deleted)


def _count(all_active: Spans, all_idle: Spans, report: LaidOutReport) -> None:
    """Counts one report; the timeline is read and changed only around the report's extents."""
    by_end, extents = report
    done = 0
    for start, end in extents:
        count = bisect_right(by_end, end, lo=done, key=_END)
        within, done = by_end[done:count], count
        counted_active = clip(all_active, start, end)
        counted = _either(counted_active, clip(all_idle, start, end))
        of_active = [claim for claim in within if claim.kind is ActivityKind.ACTIVE]
        growth = max(0, sum([claim.seconds for claim in of_active]) - size(counted_active))
        newest = of_active[-1].end if of_active else start
        if not counted and newest - growth >= start:  # the usual case: active up to its newest tick, idle around it
            add(all_active, [(newest - growth, newest)] if growth else [])
            add(all_idle, [span for span in ((start, newest - growth), (newest, end)) if span[0] < span[1]])
            continue
        active = latest(gaps(counted, start, newest), growth)
        if size(active) < growth:
            active = union(active, latest(gaps(_either(counted, active), start, end), growth - size(active)))
        # The claims of an extent fill it exactly, so the rest never exceeds the growth of the idle time.
        idle = gaps(_either(counted, active), start, end)
        add(all_active, active)
        add(all_idle, idle)


def _either(one: Spans, other: Spans) -> Spans:
    """The union, which is cheap if nothing overlaps, the usual case."""
    return union(one, other) if one and other else one or other


def joined(parts: Sequence[Timeline]) -> Timeline:
    """A device's timeline from consecutive parts."""
    if len(parts) == 1:
        return parts[0]
    sets = (attrgetter(name) for name in ("active", "idle", "deleted"))
    return Timeline(*(union(*map(spans, parts)) for spans in sets))


def combine(devices: Iterable[Timeline]) -> Timeline:
    """The timeline of the person who used the devices, without deleted seconds."""
    timelines = [device.standing if device.deleted else device for device in devices]
    if len(timelines) == 1:
        return timelines[0]
    active = union(*(device.active for device in timelines))
    return Timeline(active, subtract(union(*(device.idle for device in timelines)), active))
