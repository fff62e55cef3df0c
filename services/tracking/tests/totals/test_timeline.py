"""The counting rule against what really happened: random days of ticks, lost replies, repetitions, several desktops."""

from dataclasses import dataclass, field
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tracking.clock.rules.spans import Spans, clip, gaps, size, union
from tracking.totals.rules.timeline import ActivityKind, Claim, Timeline, combine, fold, lay_out

T0 = 1_790_000_000


@dataclass
class Desktop:
    """Ticks once a second; sums are kept until a reply arrives, one row a kind and local session."""

    now: int = T0
    sums: dict[tuple[int, ActivityKind], tuple[int, int]] = field(default_factory=dict)
    truth: dict[int, ActivityKind] = field(default_factory=dict)
    session: int = 0

    def tick(self, kind: ActivityKind, seconds: int) -> None:
        for _ in range(seconds):
            self.truth[self.now] = kind
            self.now += 1
            total, _newest = self.sums.get((self.session, kind), (0, 0))
            self.sums[self.session, kind] = (total + 1, self.now)

    def pause(self, seconds: int) -> None:
        self.session += 1
        self.now += seconds

    def report(self) -> list[Claim]:
        return [Claim(kind, newest, total) for (_session, kind), (total, newest) in self.sums.items()]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("tick"), st.sampled_from(ActivityKind), st.integers(1, 90)),
        st.tuples(st.just("pause"), st.just(ActivityKind.ACTIVE), st.integers(1, 500)),
        st.tuples(st.just("report"), st.just(ActivityKind.ACTIVE), st.integers(0, 2)),  # 0: stored, its reply is lost
    ),
    max_size=60,
)


def play(moves: list[tuple[str, ActivityKind, int]]) -> tuple[Desktop, Timeline]:
    desktop, timeline = Desktop(), Timeline()
    for move, kind, number in [*moves, ("report", ActivityKind.ACTIVE, 1)]:
        if move == "tick":
            desktop.tick(kind, number)
        elif move == "pause":
            desktop.pause(number)
        elif claims := desktop.report():
            timeline = fold(timeline, lay_out(claims))
            if number:
                desktop.sums.clear()
    return desktop, timeline


def counted(timeline: Timeline) -> Spans:
    return union(timeline.active, timeline.idle)


@given(steps)
def test_one_desktop_is_counted_to_the_second_whatever_replies_are_lost(
    moves: list[tuple[str, ActivityKind, int]],
) -> None:
    desktop, timeline = play(moves)
    assert size(timeline.active) == sum(kind is ActivityKind.ACTIVE for kind in desktop.truth.values())
    assert size(timeline.idle) == sum(kind is ActivityKind.IDLE for kind in desktop.truth.values())
    assert counted(timeline) == union([(second, second + 1) for second in desktop.truth])


claims = st.lists(
    st.builds(Claim, st.sampled_from(ActivityKind), st.integers(T0, T0 + 5000), st.integers(1, 3000)), min_size=1
)


@given(st.lists(claims, min_size=1, max_size=8))
def test_no_span_holds_more_time_than_it_has_and_a_repetition_adds_nothing(reports: list[list[Claim]]) -> None:
    timeline = Timeline()
    for report in reports:
        timeline = fold(timeline, lay_out(report))
        assert fold(timeline, lay_out(report)) == timeline
    assert size(timeline.active) + size(timeline.idle) == size(counted(timeline))
    start, end = T0 + 1000, T0 + 2000
    within = timeline.clip(start, end)
    assert size(within.active) + size(within.idle) <= end - start


@given(st.lists(claims, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_seconds_covered_do_not_depend_on_the_order_of_the_reports(
    reports: list[list[Claim]], random: Random
) -> None:
    forward, shuffled = Timeline(), Timeline()
    for report in reports:
        forward = fold(forward, lay_out(report))
    for report in random.sample(reports, len(reports)):
        shuffled = fold(shuffled, lay_out(report))
    assert counted(forward) == counted(shuffled)


@given(claims)
def test_its_extents_bound_what_a_report_touches(report: list[Claim]) -> None:
    extents = lay_out(report).extents
    start, end = extents[0][0], extents[-1][1]
    timeline = fold(Timeline(), lay_out(report))
    assert counted(timeline)[0][0] == start
    assert counted(timeline)[-1][1] == end


def test_overlapping_desktops_count_once_and_activity_wins_over_idleness() -> None:
    laptop = fold(Timeline(), lay_out([Claim(ActivityKind.ACTIVE, T0 + 100, 100)]))
    tower = fold(
        Timeline(), lay_out([Claim(ActivityKind.IDLE, T0 + 100, 50), Claim(ActivityKind.ACTIVE, T0 + 150, 50)])
    )
    together = combine([laptop, tower])
    assert together == Timeline(active=[(T0, T0 + 150)], idle=[])


@given(steps, steps)
def test_several_desktops_cover_the_union_of_their_times(
    first: list[tuple[str, ActivityKind, int]], second: list[tuple[str, ActivityKind, int]]
) -> None:
    (one, left), (two, right) = play(first), play(second)
    both = combine([left, right])
    assert counted(both) == union([(s, s + 1) for s in {*one.truth, *two.truth}])
    active = {s for desktop in (one, two) for s, kind in desktop.truth.items() if kind is ActivityKind.ACTIVE}
    assert size(both.active) + size(both.idle) == size(counted(both))
    assert max(size(left.active), size(right.active)) <= size(both.active) <= size(left.active) + size(right.active)
    assert bool(active) == bool(both.active)


def test_a_resend_with_a_larger_sum_adds_only_its_growth() -> None:
    stored = fold(Timeline(), lay_out([Claim(ActivityKind.ACTIVE, T0 + 10, 6), Claim(ActivityKind.IDLE, T0 + 7, 4)]))
    again = fold(stored, lay_out([Claim(ActivityKind.ACTIVE, T0 + 20, 12), Claim(ActivityKind.IDLE, T0 + 17, 8)]))
    assert (size(again.active), size(again.idle)) == (12, 8)


spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


@given(spans, spans, st.integers(0, 60), st.integers(0, 60))
def test_span_sets_are_sets(left: Spans, right: Spans, start: int, end: int) -> None:
    def seconds(ranges: Spans) -> set[int]:
        return {second for a, b in ranges for second in range(a, b)}

    joined = union(left, right)
    assert seconds(joined) == seconds(left) | seconds(right)
    assert size(joined) == len(seconds(joined))
    assert seconds(clip(joined, start, end)) == seconds(joined) & set(range(start, end))
    assert seconds(gaps(joined, start, end)) == set(range(start, end)) - seconds(joined)
