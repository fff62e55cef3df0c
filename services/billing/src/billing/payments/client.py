"""Ways in which money arrives. One that asks a payment provider is another class with the same two members."""

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from billing.money.rules import Money
from servicekit.errors import InvalidInput


class PaymentAdapter(Protocol):
    """A method of payment that can say whether money has arrived."""

    @property
    def method(self) -> str:
        """Its name in payments."""

    async def confirm(self, company_id: UUID, amount: Money, reference: str) -> None:
        """Returns when the provider knows this payment; Refused when it does not, Unavailable when it is silent.

        No transaction is open meanwhile. It may be asked again for the same payment.
        """


class ManualAdapter:
    """Bank transfers, cheques and cash: the owner has seen the money and says so."""

    method = "manual"

    async def confirm(self, company_id: UUID, amount: Money, reference: str) -> None:
        """Believes it."""


class PaymentAdapters:
    """The methods this platform takes, by name."""

    def __init__(self, adapters: Iterable[PaymentAdapter]) -> None:
        self._adapters = {adapter.method: adapter for adapter in adapters}

    def find(self, method: str) -> PaymentAdapter:
        """The one of that name, the manual one for none; InvalidInput names those there are."""
        adapter = self._adapters.get(method or ManualAdapter.method)
        if adapter is None:
            raise InvalidInput(f"Method {method!r} is unknown: use one of {', '.join(sorted(self._adapters))}.")
        return adapter
