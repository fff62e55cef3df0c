"""Keeps the access directory confirmed: asks tenancy and billing for news, every two seconds and whenever nudged."""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from uuid import UUID

import structlog

from servicekit.errors import AppError, Refused, Unavailable
from tracking.access.client.billing import BillingClient
from tracking.access.client.tenancy import TenancyClient
from tracking.access.rules.directory import AccessDirectory

log = structlog.get_logger()

INTERVAL = 2.0
UNHURRIED = 3.0  # where nobody is let in or refused by it
SHORTEST_INTERVAL = 0.05  # callers with keys that nobody knows must not keep tenancy and billing busy


class AccessSync:
    """One a process. Any number of callers may ask for a refresh; at most one is under way."""

    def __init__(self, directory: AccessDirectory, tenancy: TenancyClient, billing: BillingClient) -> None:
        self._directory = directory
        self._tenancy = tenancy
        self._billing = billing
        self._nudged = asyncio.Event()
        self._lock = asyncio.Lock()
        self._refreshed = float("-inf")
        self._listeners: list[Callable[[Iterable[UUID]], None]] = []

    def listen(self, changed: Callable[[Iterable[UUID]], None]) -> None:
        """Calls `changed` with the companies of which something new is known, each time that is so."""
        self._listeners.append(changed)

    async def nudge(self, _event: object) -> None:
        """Asks for a refresh soon: an event said that something changed."""
        self._nudged.set()

    async def check_confirmed(self) -> None:
        """Raises Unavailable while the directory cannot be trusted."""
        if not self._directory.is_confirmed(time.monotonic()):
            raise Unavailable("companies and entitlements are not confirmed")

    async def run(self, interval: float = INTERVAL) -> None:
        """Refreshes until cancelled, every `interval` seconds and whenever nudged."""
        while True:
            self._nudged.clear()
            await self.refresh()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._nudged.wait(), interval)

    async def refresh(self) -> None:
        """Brings the directory up to date as of this call; what does not answer stays unconfirmed."""
        wanted = time.monotonic()
        async with self._lock:
            if self._refreshed < wanted:  # nobody asked both after this call began
                await asyncio.sleep(self._refreshed + SHORTEST_INTERVAL - time.monotonic())
                self._refreshed = time.monotonic()
                await asyncio.gather(self._ask_tenancy(), self._ask_billing())

    async def _ask_tenancy(self) -> None:
        directory = self._directory
        try:
            while True:
                asked = time.monotonic()
                companies, revision = await self._tenancy.access_changes(directory.company_revision)
                if not companies:
                    break
                directory.take_companies(companies, revision)
                self._announce(company.company_id for company in companies)
            directory.confirm_companies(asked)
        except Refused:  # its database went back in time, as after a restore: all that is here may be wrong
            directory.forget_companies()
        except AppError as error:
            log.warning("tenancy does not answer", error=error.message)

    async def _ask_billing(self) -> None:
        directory = self._directory
        try:
            while True:
                asked = time.monotonic()
                entitlements, revision = await self._billing.entitlement_changes(directory.entitlement_revision)
                if not entitlements:
                    break
                directory.take_entitlements(entitlements, revision)
                self._announce(entitlement.company_id for entitlement in entitlements)
            directory.confirm_entitlements(asked)
        except Refused:
            directory.forget_entitlements()
        except AppError as error:
            log.warning("billing does not answer", error=error.message)

    def _announce(self, company_ids: Iterable[UUID]) -> None:
        changed = list(company_ids)
        for listener in self._listeners:
            listener(changed)


# Any event of theirs means that the access directory has news; one that is missed costs its polling interval.
CHANGES = ("tenancy.v1.>", "billing.v1.>")
