"""Plans and their versions: price and limits."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from billing.money.rules import Money
from servicekit.errors import Conflict, InvalidInput, Refused
from text_rules.lines import field_name, validate

MAX_CODE_LENGTH = 32
MAX_NAME_LENGTH = 100
MAX_PRICE = 10**9  # minor units
MAX_SEATS = 10**6
MAX_STORAGE_BYTES = 10**18
MAX_RETENTION_DAYS = 3_650

_CODE = re.compile(rf"[A-Z][A-Z0-9_]{{0,{MAX_CODE_LENGTH - 1}}}")


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan version. It never changes: a new price or limit is a new version."""

    code: str
    version: int
    name: str
    price_per_month: Money
    seats: int
    storage_bytes: int
    screenshot_retention_days: int

    @classmethod
    def proposed(
        cls, *, code: str, name: str, price: Money, seats: int, storage_bytes: int, screenshot_retention_days: int
    ) -> Self:
        """Terms that are not a version yet (0). InvalidInput names the first one that breaks a rule."""
        if not _CODE.fullmatch(code):
            raise InvalidInput("Code must be a plan's code, such as PRO: capital letters, digits and _.", field="code")
        _within(price.minor_units, "Price a month in minor units", 0, MAX_PRICE)
        _within(seats, "Seats", 1, MAX_SEATS)
        _within(storage_bytes, "Storage in bytes", 1, MAX_STORAGE_BYTES)
        _within(screenshot_retention_days, "Screenshot retention in days", 1, MAX_RETENTION_DAYS)
        name = validate(name, "Name", max_length=MAX_NAME_LENGTH, required=True)
        return cls(code, 0, name, price, seats, storage_bytes, screenshot_retention_days)

    def numbered(self, version: int) -> Self:
        """The terms under a version number."""
        return replace(self, version=version)

    def is_downgrade_of(self, other: "Plan") -> bool:
        """Whether it is cheaper than the other, or has a lower limit at the same price."""
        if self.price_per_month.minor_units != other.price_per_month.minor_units:
            return self.price_per_month < other.price_per_month
        return self.seats < other.seats or self.storage_bytes < other.storage_bytes


def cheapest_first(plans: Iterable[Plan]) -> list[Plan]:
    """The plans by price, then by code. ValueError when their currencies differ."""
    return sorted(plans, key=lambda plan: (plan.price_per_month, plan.code))


def next_version(proposed: Plan, on_offer: Iterable[Plan]) -> Plan:
    """The proposed terms as the next version of their plan.

    Refused in another currency than that of the plans on offer; Conflict when the newest version has the same terms.
    """
    plans = {plan.code: plan for plan in on_offer}
    currency = next((plan.price_per_month.currency for plan in plans.values()), proposed.price_per_month.currency)
    if proposed.price_per_month.currency != currency:
        raise Refused(f"All plans are in {currency}: give the price in that currency.")
    newest = plans.get(proposed.code)
    if newest is None:
        return proposed.numbered(1)
    if newest == proposed.numbered(newest.version):
        raise Conflict(f"Version {newest.version} of {newest.code} already has these terms.")
    return proposed.numbered(newest.version + 1)


def _within(value: int, what: str, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InvalidInput(f"{what} must be {least:,} to {most:,}, not {value:,}.", field=field_name(what))
