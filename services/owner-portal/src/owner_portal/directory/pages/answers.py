"""After an action of tenancy or billing: updates the copies immediately, and formats companies for scripts."""

import asyncio
from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import structlog

from owner_portal.directory.client import CompanyChanges, SubscriptionChanges
from owner_portal.directory.rules import Company, CompanyPage, Subscription
from owner_portal.directory.use_cases import keep_company, keep_subscription
from owner_portal.directory.worker import DirectoryFeed
from owner_portal.web.portal import Portal

log = structlog.get_logger()
MAX_CATCH_UP_SECONDS = 3.0  # the worker continues after that


async def update_company_copy(portal: Portal, company: Company) -> None:
    """Updates the copy of the company immediately.

    Never fails: the action has been carried out, its response may contain the only copy of a key, and the change list
    brings the same state within seconds.
    """
    await _keep(portal, company.company_id, keep_company(portal.engine, company=company))


async def update_subscription_copy(portal: Portal, subscription: Subscription) -> None:
    """The same for a subscription."""
    await _keep(portal, subscription.company_id, keep_subscription(portal.engine, subscription=subscription))


async def catch_up_subscriptions(portal: Portal) -> None:
    """Reads the change list of subscriptions after a bulk change. Never fails, for the same reasons."""
    feed = DirectoryFeed(portal.engine, portal.get(CompanyChanges), portal.get(SubscriptionChanges), portal.live)
    try:
        async with asyncio.timeout(MAX_CATCH_UP_SECONDS):
            while await feed.subscriptions_step():
                pass
        portal.forget()
    except Exception as error:
        log.warning("subscriptions not caught up after an action", error=repr(error))


def company_json(company: Company | CompanyPage) -> dict[str, Any]:
    """The company as JSON for scripts."""
    return {
        "id": str(company.company_id),
        "name": company.name,
        "email": company.email,
        "contact_person": company.contact_person,
        "phone": company.phone,
        "address": company.address,
        "time_zone": company.time_zone,
        "state": company.state.value,
        "key_hint": company.key_hint,
        "created_at": company.created_at.isoformat(),
    }


async def _keep(portal: Portal, company_id: UUID, keeping: Awaitable[set[UUID]]) -> None:
    try:
        portal.live.mark(await keeping)
        portal.forget()
    except Exception as error:
        log.warning("copy not updated after an action", company_id=str(company_id), error=repr(error))
