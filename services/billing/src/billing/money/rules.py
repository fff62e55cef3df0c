"""Amounts of money, and how messages to people write them."""

import re
from dataclasses import dataclass

_ISO_4217 = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the minor unit of its currency: Money(9900, "USD") are 99 dollars."""

    minor_units: int
    currency: str

    def __post_init__(self) -> None:
        if not _ISO_4217.fullmatch(self.currency):
            raise ValueError(f"{self.currency!r} is not an ISO 4217 currency")

    def __lt__(self, other: "Money") -> bool:
        """Orders amounts of one currency. ValueError between two: there is no rate here that would compare them."""
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} cannot be compared with {other.currency}")
        return self.minor_units < other.minor_units


def amount(money: Money) -> str:
    """Money(9900, "USD") is 99.00 USD; the plans' currencies have two decimals."""
    whole, cents = divmod(abs(money.minor_units), 100)
    return f"{'-' if money.minor_units < 0 else ''}{whole:,}.{cents:02} {money.currency}"
