"""Amounts of money."""

import pytest

from billing.money.rules import Money, amount


@pytest.mark.parametrize("currency", ["usd", "US", "USDT", "", "US1", "USD\n"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(1, currency)


def test_money_of_two_currencies_has_no_order() -> None:
    assert Money(1, "EUR") < Money(2, "EUR")
    with pytest.raises(ValueError, match="cannot be compared"):
        _ = Money(1, "EUR") < Money(2, "USD")


@pytest.mark.parametrize(
    ("minor_units", "words"),
    [(9900, "99.00 USD"), (5, "0.05 USD"), (-150, "-1.50 USD"), (2**63 - 1, "92,233,720,368,547,758.07 USD")],
)
def test_amounts_are_written_to_the_cent(minor_units: int, words: str) -> None:
    assert amount(Money(minor_units, "USD")) == words
