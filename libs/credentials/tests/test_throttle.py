"""Counts of attempts: every history respects the budgets, and a success refunds only itself."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credentials.throttle import (
    BUDGETS,
    DAY,
    WINDOW,
    Budget,
    CountKind,
    describe_wait,
    give_back,
    network_of,
    next_attempt_at,
    step,
    subject,
)

START = datetime(2026, 2, 28, 23, 50, tzinfo=UTC)
pauses = st.lists(st.integers(0, 1200), max_size=200)


@given(pauses, st.integers(1, 8), st.integers(1, 30))
def test_no_history_exceeds_its_budget(pauses: list[int], window: int, day: int) -> None:
    budget, now, count = Budget(window, day), START, None
    admitted: list[datetime] = []
    for pause in pauses:
        now += timedelta(seconds=pause)
        count = step(count, budget, now)
        if count.admitted:
            admitted.append(now)
        else:
            assert step(count, budget, next_attempt_at(count, budget)).admitted or count.day_used >= day
    for at in admitted:  # two windows may touch
        assert sum(at <= other < at + WINDOW for other in admitted) <= 2 * window
        assert sum(at <= other < at + DAY for other in admitted) <= 2 * day


@given(st.lists(st.booleans(), max_size=100))
def test_a_success_refunds_only_itself(successes: list[bool]) -> None:
    budget, count, failed = Budget(10, 20), None, 0
    for success in successes:
        count = step(count, budget, START)
        if not count.admitted:
            assert failed == 10
            break
        if success:
            count = give_back(count)
        else:
            failed += 1
        assert count.used == failed <= 10


@given(st.integers(0, 100))
def test_refused_attempts_use_no_budget(refused: int) -> None:
    budget, count = Budget(1, 2), step(None, Budget(1, 2), START)
    for _ in range(refused):
        count = step(count, budget, START)
    assert (count.used, count.day_used, count.refused) == (1, 1, refused)
    assert step(count, budget, START + WINDOW).admitted


def test_one_address_cannot_use_up_an_account() -> None:
    assert BUDGETS[CountKind.PAIR].window < BUDGETS[CountKind.ACCOUNT].window / 2
    assert BUDGETS[CountKind.PAIR].day < BUDGETS[CountKind.ACCOUNT].day / 2


def test_an_ipv6_customer_is_one_network() -> None:
    assert network_of("2001:db8:1:2:aaaa::1") == network_of("2001:db8:1:2:bbbb::2") != network_of("2001:db8:1:3::1")
    assert network_of("::ffff:192.0.2.7") == network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of("nonsense") == "nonsense"


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_subjects_are_distinct(first: list[bytes], second: list[bytes]) -> None:
    assert (subject(CountKind.PAIR, *first) == subject(CountKind.PAIR, *second)) == (first == second)
    assert subject(CountKind.PAIR, *first) != subject(CountKind.ACCOUNT, *first)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.5, "1 minute"),
        (60, "1 minute"),
        (61, "2 minutes"),
        (99 * 60, "99 minutes"),
        (99 * 60 + 1, "2 hours"),
        (86_400, "24 hours"),
    ],
)
def test_a_wait_is_described_in_minutes_then_hours(seconds: float, words: str) -> None:
    assert describe_wait(seconds) == words
