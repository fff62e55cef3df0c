"""What opens an alert, what makes it more pressing, what resolves it; and what changes nothing."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from owner_portal.alerts.rules.alerts import Alert, AlertKind, AlertStage, AlertState, Situation, changed
from owner_portal.alerts.rules.silence import WINDOW, Signs
from owner_portal.directory.rules import Status

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
COMPANY = UUID(int=1)
MINUTE = timedelta(minutes=1)
EVERY_DAY = 2**WINDOW - 1

Live = dict[AlertKind, Alert]


def company(status: Status = Status.ACTIVE, **values: Any) -> Situation:
    plain: dict[str, Any] = dict.fromkeys(
        ("expires_at", "seats_used", "seats_limit", "storage_used", "storage_limit", "signs", "silent_on")
    )
    return Situation(company_id=COMPANY, status=status, **{"ends": False} | plain | values)


def look(situation: Situation, live: Live, now: datetime = NOW) -> list[Alert]:
    """Looks once; `live` becomes what is live afterwards."""
    after = changed(situation, live, now)
    for alert in after:
        live[alert.kind] = alert
        if alert.state is AlertState.RESOLVED:
            del live[alert.kind]
    return after


def stages(situation: Situation) -> dict[AlertKind, AlertStage]:
    return {alert.kind: alert.stage for alert in changed(situation, {}, NOW)}


def days(count: float) -> datetime:
    return NOW + timedelta(days=count)


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        (company(Status.TRIAL, expires_at=days(7.1)), {}),
        (company(Status.TRIAL, expires_at=days(6.9)), {AlertKind.TRIAL_ENDING: AlertStage.NOTICE}),
        (company(Status.TRIAL, expires_at=days(2.9)), {AlertKind.TRIAL_ENDING: AlertStage.WARNING}),
        (company(Status.TRIAL, expires_at=days(0.9)), {AlertKind.TRIAL_ENDING: AlertStage.CRITICAL}),
        (company(Status.ACTIVE, expires_at=days(1)), {}),
        (company(Status.ACTIVE, expires_at=days(14.1), ends=True), {}),
        (company(Status.ACTIVE, expires_at=days(13.9), ends=True), {AlertKind.EXPIRING: AlertStage.NOTICE}),
        (company(Status.CANCELLED, expires_at=days(2), ends=True), {AlertKind.EXPIRING: AlertStage.WARNING}),
        (company(Status.PAST_DUE, expires_at=days(20)), {AlertKind.PAST_DUE: AlertStage.WARNING}),
        (company(Status.PAST_DUE, expires_at=days(0.5)), {AlertKind.PAST_DUE: AlertStage.CRITICAL}),
        (company(Status.EXPIRED, expires_at=NOW - MINUTE), {}),
        (company(Status.EXPIRED, expires_at=days(-1)), {AlertKind.EXPIRED: AlertStage.CRITICAL}),
        (company(Status.CANCELLED, expires_at=days(-1), ends=True), {AlertKind.EXPIRED: AlertStage.CRITICAL}),
        (company(Status.EXPIRED, expires_at=days(-31)), {}),
        (company(seats_used=44, seats_limit=50), {}),
        (company(seats_used=45, seats_limit=50), {AlertKind.SEATS: AlertStage.WARNING}),
        (company(seats_used=51, seats_limit=50), {AlertKind.SEATS: AlertStage.CRITICAL}),
        (company(storage_used=90, storage_limit=100), {AlertKind.STORAGE: AlertStage.WARNING}),
        (company(storage_used=100, storage_limit=100), {AlertKind.STORAGE: AlertStage.CRITICAL}),
        (company(seats_used=5, seats_limit=None), {}),
        (company(Status.SUSPENDED, seats_used=50, seats_limit=50, expires_at=days(1), ends=True), {}),
        (company(Status.CLOSED, seats_used=50, seats_limit=50, expires_at=days(-1), ends=True), {}),
        (
            company(signs=Signs(NOW.date(), EVERY_DAY, days(-2).date(), days(-2))),
            {AlertKind.SILENT: AlertStage.WARNING},
        ),
        (company(Status.SUSPENDED, signs=Signs(NOW.date(), EVERY_DAY, days(-2).date(), days(-2))), {}),
    ],
)
def test_what_opens_an_alert(situation: Situation, expected: dict[AlertKind, AlertStage]) -> None:
    assert stages(situation) == expected


def test_a_trial_rises_thrice_and_ends() -> None:
    live: Live = {}
    opened = []
    for hours in range(24 * 9):
        now = NOW + timedelta(hours=hours)
        status = Status.TRIAL if now < days(8) else Status.EXPIRED
        opened += [(alert.kind, alert.stage, hours) for alert in look(company(status, expires_at=days(8)), live, now)]
    assert opened == [
        (AlertKind.TRIAL_ENDING, AlertStage.NOTICE, 24),
        (AlertKind.TRIAL_ENDING, AlertStage.WARNING, 5 * 24),
        (AlertKind.TRIAL_ENDING, AlertStage.CRITICAL, 7 * 24),
        (AlertKind.TRIAL_ENDING, AlertStage.CRITICAL, 8 * 24),  # resolved: it did end
        (AlertKind.EXPIRED, AlertStage.CRITICAL, 8 * 24 + 1),
    ]
    assert set(live) == {AlertKind.EXPIRED}


@given(st.lists(st.integers(0, 120), max_size=60))
def test_a_level_opens_once_for_each_way_up(levels: list[int]) -> None:
    """Between two openings it fell below a margin, or what had opened at 90 % reached the limit."""
    live: Live = {}
    opened: list[int] = []
    for number, used in enumerate(levels):
        now = NOW + number * MINUTE
        after = look(company(storage_used=used, storage_limit=100), live, now)
        opened += [number for alert in after if alert.state is AlertState.OPEN and alert.raised_at == now]
        held = live.get(AlertKind.STORAGE)
        assert (held is None) == (used < 85 or (used < 90 and held is None))
    for first, second in pairwise(opened):
        lowest = min(levels[first:second])
        assert lowest < 85 or (levels[second] >= 100 and (lowest < 98 or levels[first] < 100))


@given(st.integers(0, 120), st.sampled_from(AlertState), st.sampled_from(AlertStage))
def test_looking_again_changes_nothing(used: int, state: AlertState, stage: AlertStage) -> None:
    live: Live = {}
    if stage and state is not AlertState.RESOLVED:
        until = days(1) if state is AlertState.SNOOZED else None
        live[AlertKind.SEATS] = Alert(COMPANY, AlertKind.SEATS, stage, state, days(-1), until)
    situation = company(seats_used=used, seats_limit=100, storage_used=99, storage_limit=100)
    look(situation, live)
    assert look(situation, live, NOW + MINUTE) == []


@pytest.mark.parametrize("state", [AlertState.ACKNOWLEDGED, AlertState.SNOOZED])
def test_an_answer_holds_until_it_is_more_pressing(state: AlertState) -> None:
    until = days(7) if state is AlertState.SNOOZED else None
    held = Alert(COMPANY, AlertKind.SEATS, AlertStage.WARNING, state, days(-1), until)
    assert changed(company(seats_used=47, seats_limit=50), {AlertKind.SEATS: held}, NOW) == []
    [risen] = changed(company(seats_used=50, seats_limit=50), {AlertKind.SEATS: held}, NOW)
    assert (risen.state, risen.stage, risen.raised_at) == (AlertState.OPEN, AlertStage.CRITICAL, NOW)
    [gone] = changed(company(seats_used=1, seats_limit=50), {AlertKind.SEATS: held}, NOW)
    assert gone.state is AlertState.RESOLVED


def test_what_rests_comes_back() -> None:
    held = Alert(COMPANY, AlertKind.SEATS, AlertStage.WARNING, AlertState.SNOOZED, days(-3), days(1))
    situation = company(seats_used=46, seats_limit=50)
    assert changed(situation, {AlertKind.SEATS: held}, NOW) == []
    [back] = changed(situation, {AlertKind.SEATS: held}, days(1))
    assert (back.state, back.raised_at, back.snoozed_until) == (AlertState.OPEN, days(1), None)


@given(st.integers(0, 2**WINDOW - 1), st.integers(1, 100))
def test_silence_lasts_until_the_company_is_seen_again(worked: int, age: int) -> None:
    """Whatever becomes of its rhythm; and nothing is said while what is known of it is old."""
    live = {AlertKind.SILENT: Alert(COMPANY, AlertKind.SILENT, AlertStage.WARNING, AlertState.OPEN, NOW)}
    today = NOW.date() + timedelta(days=age)
    worked = worked >> age << age
    silent_on = NOW.date()
    gone = Signs(today, worked, None, None)
    assert changed(company(signs=gone, silent_on=silent_on), live, days(age)) == []
    assert changed(company(signs=None, silent_on=silent_on), live, days(age)) == []
    back = Signs(today, worked, today, days(age))
    [resolved] = changed(company(signs=back, silent_on=silent_on), live, days(age))
    assert resolved.state is AlertState.RESOLVED


def test_nothing_is_resolved_while_subscriptions_are_reloaded() -> None:
    """A company is PENDING then: its limits are unknown, and open alerts must not reopen later."""
    signs = Signs(NOW.date(), EVERY_DAY, NOW.date(), NOW)
    live = {kind: Alert(COMPANY, kind, AlertStage.WARNING, AlertState.ACKNOWLEDGED, days(-1)) for kind in AlertKind}
    assert changed(company(Status.PENDING, signs=signs), live, NOW) == []
