"""Limits and what is in use."""

from dataclasses import replace

import pytest

from billing.limits.rules import Resource, Shortage, Use, refuse_shortages, shortages
from billing.money.rules import Money
from billing.plans.rules import Plan
from servicekit.errors import Refused

PLAN = Plan("PRO", 1, "Pro", Money(9900, "USD"), 50, 100 * 10**9, 30)
SMALL = replace(PLAN, code="FREE", price_per_month=Money(0, "USD"), seats=5, storage_bytes=10 * 10**9)
LARGE = replace(PLAN, code="ENTERPRISE", price_per_month=Money(49900, "USD"), seats=999)


def test_only_a_lowered_limit_below_the_use_is_a_shortage() -> None:
    use = Use(seats=60, storage_bytes=20 * 10**9)
    assert shortages(PLAN, LARGE, use) == []
    assert shortages(SMALL, PLAN, use) == []  # more than PRO allows, but it allows more than before
    assert shortages(LARGE, PLAN, use) == [Shortage(Resource.SEATS, 60, 50)]
    assert shortages(PLAN, SMALL, Use(5, 10 * 10**9)) == []
    with pytest.raises(Refused, match="FREE is too small: 60 seats are in use and 5 would be allowed; 20,000,000,000"):
        refuse_shortages(SMALL, shortages(PLAN, SMALL, use))
