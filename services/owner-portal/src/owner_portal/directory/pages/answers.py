"""What follows an action that tenancy or billing has carried out: it is kept at once, and scripts are told."""

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
LONGEST_CATCH_UP = 3.0  # seconds; the list goes on being followed after that


async def remember(portal: Portal, company: Company) -> None:
    """Keeps the company's new state at once.

    Never fails: the action is done, its answer may hold the only copy of a key, and the change list brings the same
    state within seconds.
    """
    await _keep(portal, company.company_id, keep_company(portal.engine, company=company))


async def remember_subscription(portal: Portal, subscription: Subscription) -> None:
    """The same for what billing answered."""
    await _keep(portal, subscription.company_id, keep_subscription(portal.engine, subscription=subscription))


async def remember_changes(portal: Portal) -> None:
    """Keeps what billing changed in many subscriptions at once. Never fails, for the same reasons."""
    feed = DirectoryFeed(portal.engine, portal.get(CompanyChanges), portal.get(SubscriptionChanges), portal.live)
    try:
        async with asyncio.timeout(LONGEST_CATCH_UP):
            while await feed.subscriptions_step():
                pass
        portal.forget()
    except Exception as error:
        log.warning("changes not kept at once", error=repr(error))


def company_json(company: Company | CompanyPage) -> dict[str, Any]:
    """The company in an answer to a script."""
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
        log.warning("answer not kept at once", company_id=str(company_id), error=repr(error))
