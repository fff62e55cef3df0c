"""Plans and their versions."""

from dataclasses import FrozenInstanceError, replace

import pytest

from billing.money.rules import Money
from billing.plans.rules import Plan, cheapest_first, next_version
from servicekit.errors import Conflict, InvalidInput, Refused

PLAN = Plan("PRO", 1, "Pro", Money(9900, "USD"), 50, 100 * 10**9, 30)
SMALL = replace(PLAN, code="FREE", price_per_month=Money(0, "USD"), seats=5, storage_bytes=10 * 10**9)


def test_plans_are_ordered_by_price_then_code() -> None:
    same_price = replace(PLAN, code="ALPHA")
    assert cheapest_first([PLAN, same_price, SMALL]) == [SMALL, same_price, PLAN]


def test_a_plan_version_never_changes() -> None:
    with pytest.raises(FrozenInstanceError):
        PLAN.seats = 51  # type: ignore[misc]


def test_versions_are_counted_by_plan() -> None:
    dearer = replace(PLAN, version=0, price_per_month=Money(10900, "USD"))
    assert next_version(dearer, [SMALL, PLAN]) == replace(dearer, version=2)
    assert next_version(replace(dearer, code="TEAM"), [SMALL, PLAN]).version == 1
    with pytest.raises(Conflict, match="Version 1 of PRO has these terms already"):
        next_version(replace(PLAN, version=0), [SMALL, PLAN])
    with pytest.raises(Refused, match="All plans are in USD"):
        next_version(replace(dearer, price_per_month=Money(1, "EUR")), [SMALL, PLAN])


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("code", "pro", "Code must be a plan's code, such as PRO"),
        ("code", "", "Code must be a plan's code, such as PRO"),
        ("name", " ", "Name is missing: give 1 to 100 characters"),
        ("price", Money(-1, "USD"), "Price a month in minor units must be 0 to 1,000,000,000, not -1."),
        ("price", Money(10**9 + 1, "USD"), "Price a month in minor units must be"),
        ("seats", 0, "Seats must be 1 to 1,000,000, not 0."),
        ("storage_bytes", 0, "Storage in bytes must be"),
        ("storage_bytes", 2**63, "Storage in bytes must be"),
        ("screenshot_retention_days", 0, "Days that screenshots are kept must be 1 to 3,650, not 0."),
    ],
)
def test_terms_that_break_a_rule_are_named(field: str, value: object, problem: str) -> None:
    terms = {"code": "PRO", "name": "Pro", "price": Money(1, "USD"), "seats": 1, "storage_bytes": 1}
    with pytest.raises(InvalidInput, match=f"^{problem}"):
        Plan.proposed(**terms | {"screenshot_retention_days": 1} | {field: value})  # type: ignore[arg-type]
