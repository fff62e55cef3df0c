"""What follows an action that tenancy has carried out."""

from typing import Any

import structlog

from owner_portal.api.portal import Portal
from owner_portal.application.keep_directory import keep_company
from owner_portal.domain.companies import Company

log = structlog.get_logger()


async def remember(portal: Portal, company: Company) -> None:
    """Keeps the company's new state at once.

    Never fails: the action is done, its answer may hold the only copy of a key, and the change list brings the same
    state within seconds.
    """
    try:
        portal.live.mark(await keep_company(portal.engine, company=company))
    except Exception as error:
        log.warning("company not kept at once", company_id=str(company.company_id), error=repr(error))


def company_json(company: Company) -> dict[str, Any]:
    """The company in an answer to a script."""
    return {
        "id": str(company.company_id),
        "name": company.name,
        "email": company.email,
        "contact_person": company.contact_person,
        "phone": company.phone,
        "address": company.address,
        "time_zone": company.time_zone,
        "state": "SUSPENDED" if company.suspended else "ACTIVE",
        "key_hint": company.key_hint,
        "created_at": company.created_at.isoformat(),
    }
