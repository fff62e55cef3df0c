"""Random histories of companies without a database: amounts, replay, revenue bridge, legal states.

A history is a list of orders, each after a pause. Periods are ended only now and then, as with frequent outages, so
every check also covers what is applied late.
"""

from collections import Counter
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import ClassVar
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from billing.money.rules import Money
from billing.plans.rules import Plan
from billing.subscriptions.rules.changes import Change, ChangeKind
from billing.subscriptions.rules.dates import next_anniversary
from billing.subscriptions.rules.lifecycle import (
    cancel,
    end_period,
    extend,
    is_due,
    mark_past_due,
    renew,
    settle,
    start_trial,
)
from billing.subscriptions.rules.movements import MrrMovement, movement, revenue_change
from billing.subscriptions.rules.plan_change import ChangeTiming, apply_plan, timing
from billing.subscriptions.rules.subscription import Subscription, SubscriptionState
from servicekit.errors import Refused

HISTORIES = 5_000
START = datetime(2026, 1, 31, 9, 30, 15, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
COMPANY = UUID("01930000-0000-7000-8000-000000000001")
PLANS = [
    Plan(code, version, code, Money(price, "USD"), 5, 10**9, 30)
    for code, version, price in (
        ("FREE", 1, 0),
        ("PRO", 1, 9900),
        ("PRO", 2, 10901),
        ("TEAM", 1, 17),
        ("MAX", 1, 49900),
    )
]

LEGAL: dict[ChangeKind, AbstractSet[tuple[SubscriptionState, SubscriptionState]]] = {
    ChangeKind.TRIAL_CONVERTED: {(SubscriptionState.TRIAL, SubscriptionState.ACTIVE)},
    ChangeKind.TRIAL_EXPIRED: {(SubscriptionState.TRIAL, SubscriptionState.EXPIRED)},
    ChangeKind.TRIAL_CANCELLED: {(SubscriptionState.TRIAL, SubscriptionState.CANCELLED)},
    ChangeKind.PLAN_CHANGED: {(state, state) for state in SubscriptionState},
    ChangeKind.RENEWED: {
        (state, SubscriptionState.ACTIVE)
        for state in (SubscriptionState.ACTIVE, SubscriptionState.EXPIRED, SubscriptionState.CANCELLED)
    },
    ChangeKind.EXTENDED: {(state, state) for state in SubscriptionState if state is not SubscriptionState.EXPIRED},
    ChangeKind.REOPENED: {
        (state, SubscriptionState.ACTIVE) for state in (SubscriptionState.EXPIRED, SubscriptionState.CANCELLED)
    },
    ChangeKind.PAST_DUE: {(SubscriptionState.ACTIVE, SubscriptionState.PAST_DUE)},
    ChangeKind.PAID: {(SubscriptionState.PAST_DUE, SubscriptionState.ACTIVE)},
    ChangeKind.CANCELLED: {
        (state, SubscriptionState.CANCELLED)
        for state in (SubscriptionState.ACTIVE, SubscriptionState.PAST_DUE, SubscriptionState.CANCELLED)
    },
    ChangeKind.RESUMED: {(SubscriptionState.CANCELLED, SubscriptionState.ACTIVE)},
    ChangeKind.EXPIRED: {
        (state, SubscriptionState.EXPIRED) for state in (SubscriptionState.ACTIVE, SubscriptionState.PAST_DUE)
    },
}


@dataclass
class Account:
    """One company: its changes so far, its scheduled plan, and its payments."""

    changes: list[Change]
    waiting: Plan | None = None
    paid: int = 0
    refused: int = field(default=0, compare=False)

    @classmethod
    def new(cls, plan: Plan) -> "Account":
        return cls([start_trial(COMPANY, plan, START)])

    @property
    def current(self) -> Subscription:
        return self.changes[-1].after

    @property
    def balance(self) -> int:
        return sum(line.minor_units for change in self.changes for line in change.lines) - self.paid

    def work(self, now: datetime) -> None:
        """Ends due periods, as the worker does and every call does first."""
        while is_due(self.current, now):
            if self.waiting:
                self.changes.append(apply_plan(self.current, self.waiting, self.current.expires_at))
                self.waiting = None
            self.changes.append(end_period(self.current))

    def order(self, name: str, number: int, now: datetime) -> None:
        """One call; a refusal changes nothing."""
        self.work(now)
        try:
            ORDERS[name](self, number, now)
        except Refused:
            self.refused += 1


def change(account: Account, number: int, now: datetime) -> None:
    plan, asked = PLANS[number % len(PLANS)], [None, ChangeTiming.NOW, ChangeTiming.PERIOD_END][number % 3]
    at_end = timing(account.current, plan, asked, now) is ChangeTiming.PERIOD_END
    account.waiting = plan if at_end else None
    if not at_end:
        account.changes.append(apply_plan(account.current, plan, now))


def lengthen(account: Account, number: int, now: datetime) -> None:
    until = max(now, account.current.expires_at) + (number % 40 + 1) * DAY
    extended = extend(account.current, now, until)
    assert extended is not None
    account.changes.append(extended)


def stop(account: Account, number: int, now: datetime) -> None:
    account.changes.append(cancel(account.current, now, at_once=number % 2 == 0))
    account.waiting = None


def pay(account: Account, number: int, now: datetime) -> None:
    account.paid += max(account.balance, 0) if number % 3 else number
    settled = settle(account.current, now, balance=account.balance)
    if settled:
        account.changes.append(settled)


ORDERS: dict[str, Callable[[Account, int, datetime], None]] = {
    "renew": lambda account, _, now: account.changes.append(renew(account.current, now, balance=account.balance)),
    "change": change,
    "extend": lengthen,
    "cancel": stop,
    "miss": lambda account, _, now: account.changes.append(
        mark_past_due(account.current, now, balance=account.balance)
    ),
    "pay": pay,
    "worker": lambda _account, _number, _now: None,
}

PAUSES = [timedelta(days=days) for days in (0, 4, 13, 31, 95)]
PAUSES += [TICK, timedelta(seconds=1), timedelta(hours=5, seconds=7)]
OFTEN = [*ORDERS, "renew", "change"]


def decoded(orders: bytes) -> list[tuple[str, int, timedelta]]:
    """Histories with three bytes for each order, drawn as one value to be cheap."""
    triples = zip(orders[::3], orders[1::3], orders[2::3], strict=False)
    return [(OFTEN[name % len(OFTEN)], number, PAUSES[pause % len(PAUSES)]) for name, number, pause in triples]


class Histories(RuleBasedStateMachine):
    """Each example is the history of one company."""

    seen = 0
    kinds: ClassVar[Counter[ChangeKind]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.account = Account.new(PLANS[1])
        self.now = START
        self.log: list[tuple[str, int, datetime]] = []

    @rule(orders=st.binary(min_size=9, max_size=30))
    def go_on(self, orders: bytes) -> None:
        for name, number, pause in decoded(orders):
            self.now += pause
            self.account.order(name, number, self.now)
            self.log.append((name, number, self.now))

    def teardown(self) -> None:
        type(self).seen += 1
        self.account.work(self.now)
        self.kinds.update(change.kind for change in self.account.changes)
        check_order_and_states(self.account)
        check_money(self.account)
        check_replay(self.account, self.log, self.now)
        check_bridges(self.account, self.now)


def check_order_and_states(account: Account) -> None:
    for before, after in pairwise(account.changes):
        assert before.at <= after.at
        assert (before.after.state, after.after.state) in LEGAL[after.kind]
        assert not is_due(before.after, after.at) or after.at == before.after.expires_at
        assert after.after.has_paid == (before.after.has_paid or before.after.monthly_revenue > 0)
    first, *later = account.changes
    assert first.kind is ChangeKind.TRIAL_STARTED
    assert all(change.kind is not ChangeKind.TRIAL_STARTED for change in later)


def check_money(account: Account) -> None:
    """The lines of each charged month equal prices × times, added as fractions and rounded once."""
    billed: dict[datetime, int] = {}
    exact: dict[datetime, Fraction] = {}
    month: datetime | None = None
    end = length = None
    for change, following in zip(account.changes, [*account.changes[1:], None], strict=True):
        if change.kind in {ChangeKind.TRIAL_CONVERTED, ChangeKind.RENEWED}:
            assert change.after.charge is not None
            month, end = change.at, change.after.charge.until
            length = (end - month) // TICK
        if month is None or end is None or length is None:
            assert not change.lines
            continue
        billed[month] = billed.get(month, 0) + sum(line.minor_units for line in change.lines)
        if change.after.charge is None:  # cut off: the rest of the month was credited
            month = None
            continue
        until = min(following.at, end) if following else end
        price = change.after.plan.price_per_month.minor_units
        spent = Fraction(max((until - change.at) // TICK, 0) * price, length)
        exact[month] = exact.get(month, Fraction(0)) + spent
    for start, sum_of_lines in billed.items():
        assert sum_of_lines == int(exact.get(start, Fraction(0)) + Fraction(1, 2))


def check_replay(account: Account, log: list[tuple[str, int, datetime]], now: datetime) -> None:
    """The same orders give the same result when due periods are only applied by the calls."""
    again = Account.new(PLANS[1])
    for name, number, at in log:
        if name != "worker":
            again.order(name, number, at)
    again.work(now)
    assert again == account


def check_bridges(account: Account, now: datetime) -> None:
    """In each month the MRR at the start plus the movements is the MRR of the records valid at the end."""
    moved = [
        (change.at, movement(before, change.after), revenue_change(before, change.after))
        for before, change in steps(account)
    ]
    kinds = [kind for _, kind, _ in moved if kind]
    assert kinds == sorted(kinds, key=lambda kind: kind is not MrrMovement.NEW)  # new once, and first
    assert kinds.count(MrrMovement.NEW) <= 1
    since, level = datetime(2026, 1, 1, tzinfo=UTC), 0
    while since <= now:
        until = next_anniversary(since, 1)
        level += sum(amount for at, _, amount in moved if since <= at < until)
        assert level == held_before(account, until)
        since = until


def steps(account: Account) -> list[tuple[Subscription | None, Change]]:
    return [(None, account.changes[0]), *((before.after, after) for before, after in pairwise(account.changes))]


def held_before(account: Account, moment: datetime) -> int:
    held = [change.after.monthly_revenue for change in account.changes if change.at < moment]
    return held[-1] if held else 0


def test_random_histories() -> None:
    checks = settings(max_examples=HISTORIES, stateful_step_count=3, deadline=None, database=None)
    run_state_machine_as_test(Histories, settings=checks)
    assert Histories.seen >= HISTORIES
    assert set(Histories.kinds) == set(ChangeKind)
