"""Payment methods. A payment provider is one more class with the same two members."""

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from billing.money.rules import Money
from servicekit.errors import InvalidInput


class PaymentMethod(Protocol):
    """A payment method, which can confirm that a payment has arrived."""

    @property
    def method(self) -> str:
        """Its name in payments."""

    async def confirm(self, company_id: UUID, amount: Money, reference: str) -> None:
        """Returns when the provider knows the payment; Refused when it does not, Unavailable when it does not respond.

        No transaction is open during the call. It may be repeated for the same payment.
        """


class ManualMethod:
    """Bank transfers, cheques and cash, which the owner confirms."""

    method = "manual"

    async def confirm(self, company_id: UUID, amount: Money, reference: str) -> None:
        """Confirms every payment."""


class PaymentMethods:
    """The payment methods of the platform, by name."""

    def __init__(self, adapters: Iterable[PaymentMethod]) -> None:
        self._adapters = {adapter.method: adapter for adapter in adapters}

    def find(self, method: str) -> PaymentMethod:
        """The method with a name, the manual one for an empty name. InvalidInput lists the known names."""
        adapter = self._adapters.get(method or ManualMethod.method)
        if adapter is None:
            raise InvalidInput(f"Method {method!r} is unknown: give one of {', '.join(sorted(self._adapters))}.")
        return adapter
