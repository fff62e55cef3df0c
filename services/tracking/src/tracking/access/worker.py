"""Keeps the access directory confirmed: asks tenancy and billing for changes every two seconds and after each event."""

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
RELAXED_INTERVAL = 3.0  # for processes that admit no calls
MIN_INTERVAL = 0.05  # limits how often calls with unknown keys can reach tenancy and billing


class AccessSync:
    """One per process. Any number of callers may request a refresh; at most one runs at a time."""

    def __init__(self, directory: AccessDirectory, tenancy: TenancyClient, billing: BillingClient) -> None:
        self._directory = directory
        self._tenancy = tenancy
        self._billing = billing
        self._nudged = asyncio.Event()
        self._lock = asyncio.Lock()
        self._refreshed = float("-inf")
        self._listeners: list[Callable[[Iterable[UUID]], None]] = []

    def listen(self, changed: Callable[[Iterable[UUID]], None]) -> None:
        """Registers a listener that is called with the companies that have changed."""
        self._listeners.append(changed)

    async def nudge(self, _event: object) -> None:
        """Requests a refresh soon: an event announced a change."""
        self._nudged.set()

    async def check_confirmed(self) -> None:
        """Raises Unavailable while the directory is stale."""
        if not self._directory.is_confirmed(time.monotonic()):
            raise Unavailable("companies and entitlements are not confirmed")

    async def run(self, interval: float = INTERVAL) -> None:
        """Refreshes every `interval` seconds and after each nudge, until cancelled."""
        while True:
            self._nudged.clear()
            await self.refresh()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._nudged.wait(), interval)

    async def refresh(self) -> None:
        """Brings the directory up to date as of this call; what a failed request covers stays unconfirmed."""
        wanted = time.monotonic()
        async with self._lock:
            if self._refreshed < wanted:  # no refresh has started since this call began
                await asyncio.sleep(self._refreshed + MIN_INTERVAL - time.monotonic())
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
        except Refused:  # the database was restored to an earlier state, so the whole copy may be wrong
            directory.forget_companies()
        except AppError as error:
            log.warning("tenancy request failed", error=error.message)

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
            log.warning("billing request failed", error=error.message)

    def _announce(self, company_ids: Iterable[UUID]) -> None:
        changed = list(company_ids)
        for listener in self._listeners:
            listener(changed)


# Any of these events means that the access directory has changed; a lost one delays it by one polling interval.
CHANGES = ("tenancy.v1.>", "billing.v1.>")
