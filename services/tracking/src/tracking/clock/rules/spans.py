"""Sets of whole seconds as sorted, disjoint, non-touching half-open spans `(start, end)`."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from math import inf

Span = tuple[int, int]
Spans = list[Span]


def normalise(spans: Iterable[Span]) -> Spans:
    """The same seconds, sorted, with overlapping and touching spans merged."""
    result: Spans = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def union(*sets: Spans) -> Spans:
    """Seconds in any of the sets."""
    return normalise(span for spans in sets for span in spans)


def size(spans: Spans) -> int:
    """The number of seconds."""
    return sum([end - start for start, end in spans])


def add(spans: Spans, more: Spans) -> None:
    """Adds the seconds of `more` in place; only the part of the set around them is read."""
    if not more:
        return
    if not spans or spans[-1][1] < more[0][0]:  # the usual case: later than everything in the set
        spans += more
    else:
        first, last = bisect_left(spans, (more[0][0],)), bisect_right(spans, (more[-1][1], inf))
        if first and spans[first - 1][1] >= more[0][0]:
            first -= 1
        spans[first:last] = normalise([*spans[first:last], *more])


def clip(spans: Spans, start: int, end: int) -> Spans:
    """The seconds between `start` and `end`."""
    if not spans or spans[-1][1] <= start or end <= spans[0][0]:
        return []
    if start <= spans[0][0] and spans[-1][1] <= end:
        return list(spans)
    first, last = bisect_left(spans, (start,)), bisect_left(spans, (end,))
    if first and spans[first - 1][1] > start:
        first -= 1
    result = spans[first:last]
    if result and start < end:
        result[0] = (max(result[0][0], start), result[0][1])
        result[-1] = (result[-1][0], min(result[-1][1], end))
    return result if start < end else []


def gaps(spans: Spans, start: int, end: int) -> Spans:
    """The seconds between `start` and `end` that are not in the set."""
    if not spans:
        return [(start, end)] if start < end else []
    result: Spans = []
    cursor = start
    for a, b in clip(spans, start, end):
        if cursor < a:
            result.append((cursor, a))
        cursor = b
    if cursor < end:
        result.append((cursor, end))
    return result


def latest(spans: Spans, seconds: int) -> Spans:
    """The last `seconds` seconds of the set, or all of it if it has fewer."""
    result: Spans = []
    for start, end in reversed(spans):
        if seconds <= 0:
            break
        taken = min(seconds, end - start)
        result.append((end - taken, end))
        seconds -= taken
    result.reverse()
    return result


def reach_back(occupied: Spans, end: int, seconds: int) -> int:
    """The first of the last `seconds` free seconds (at least one) before `end`."""
    cursor = end
    place = bisect_left(occupied, (end,)) - 1
    while place >= 0:
        a, b = occupied[place]
        if b < cursor:
            if seconds <= cursor - b:
                break
            seconds -= cursor - b
        cursor = min(cursor, a)
        place -= 1
    return cursor - seconds


def occupy(occupied: Spans, end: int, seconds: int) -> None:
    """Adds the last `seconds` free seconds (at least one) before `end` in place."""
    cover(occupied, reach_back(occupied, end, seconds), end)


def cover(occupied: Spans, start: int, end: int) -> None:
    """Adds the seconds from `start`, as `reach_back` returns it, to before `end` in place.

    They merge with everything that they enclose or touch.
    """
    first, last = bisect_left(occupied, (start,)), bisect_right(occupied, (end, end))
    if first and occupied[first - 1][1] >= start:
        first -= 1
    if last < len(occupied) and occupied[last][0] == end:
        last += 1
    joined = occupied[first:last]
    if joined:  # `taken` is sorted and disjoint
        start, end = min(start, joined[0][0]), max(end, joined[-1][1])
    occupied[first:last] = [(start, end)]


def subtract(spans: Spans, taken: Spans) -> Spans:
    """The seconds of `spans` that are not in `taken`."""
    return [gap for start, end in spans for gap in gaps(taken, start, end)]
