"""Limits and usage levels."""

from dataclasses import replace

import pytest

from billing.limits.rules import LimitViolation, Resource, UsageLevel, check_limits, limit_violations
from billing.money.rules import Money
from billing.plans.rules import Plan
from servicekit.errors import Refused

PLAN = Plan("PRO", 1, "Pro", Money(9900, "USD"), 50, 100 * 10**9, 30)
SMALL = replace(PLAN, code="FREE", price_per_month=Money(0, "USD"), seats=5, storage_bytes=10 * 10**9)
LARGE = replace(PLAN, code="ENTERPRISE", price_per_month=Money(49900, "USD"), seats=999)


def test_only_a_lowered_limit_below_the_usage_level_is_a_violation() -> None:
    use = UsageLevel(seats=60, storage_bytes=20 * 10**9)
    assert limit_violations(PLAN, LARGE, use) == []
    assert limit_violations(SMALL, PLAN, use) == []  # above the limit of PRO, but PRO does not lower it
    assert limit_violations(LARGE, PLAN, use) == [LimitViolation(Resource.SEATS, 60, 50)]
    assert limit_violations(PLAN, SMALL, UsageLevel(5, 10 * 10**9)) == []
    problem = "FREE is too small: 60 seats are in use, and the limit would be 5; 20,000,000,000"
    with pytest.raises(Refused, match=problem):
        check_limits(SMALL, limit_violations(PLAN, SMALL, use))
