"""Sets of whole seconds as sorted, disjoint, non-touching half-open spans `(start, end)`."""

from collections.abc import Iterable

Span = tuple[int, int]
Spans = list[Span]


def normalise(spans: Iterable[Span]) -> Spans:
    """The same seconds, sorted, with overlapping and touching spans joined."""
    result: Spans = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def union(*sets: Spans) -> Spans:
    """Seconds that are in any of the sets."""
    return normalise(span for spans in sets for span in spans)


def size(spans: Spans) -> int:
    """How many seconds."""
    return sum(end - start for start, end in spans)


def clip(spans: Spans, start: int, end: int) -> Spans:
    """The seconds between `start` and `end`."""
    return [(max(a, start), min(b, end)) for a, b in spans if a < end and b > start]


def gaps(spans: Spans, start: int, end: int) -> Spans:
    """The seconds between `start` and `end` that are not in the set."""
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
    """The last `seconds` seconds of the set, or all of it when it has fewer."""
    result: Spans = []
    for start, end in reversed(spans):
        if seconds <= 0:
            break
        taken = min(seconds, end - start)
        result.append((end - taken, end))
        seconds -= taken
    result.reverse()
    return result


def latest_free(occupied: Spans, end: int, seconds: int) -> Spans:
    """The last `seconds` seconds before `end` that are not occupied; reaches back as far as it needs."""
    result: Spans = []
    cursor = end
    for a, b in reversed(occupied):
        if a >= cursor:
            continue
        if b < cursor:
            taken = min(seconds, cursor - b)
            result.append((cursor - taken, cursor))
            seconds -= taken
            if seconds <= 0:
                break
        cursor = min(cursor, a)
    if seconds > 0:
        result.append((cursor - seconds, cursor))
    return normalise(result)


def subtract(spans: Spans, taken: Spans) -> Spans:
    """The seconds of `spans` that are not in `taken`."""
    return [gap for start, end in spans for gap in gaps(taken, start, end)]
