"""How days and amounts are written in messages to people."""

from datetime import datetime

from billing.money.rules.money import Money


def day(moment: datetime) -> str:
    """3 May 2026."""
    return f"{moment.day} {moment:%b %Y}"


def amount(money: Money) -> str:
    """Money(9900, "USD") is 99.00 USD; the plans' currencies have two decimals."""
    whole, cents = divmod(abs(money.minor_units), 100)
    return f"{'-' if money.minor_units < 0 else ''}{whole:,}.{cents:02} {money.currency}"
