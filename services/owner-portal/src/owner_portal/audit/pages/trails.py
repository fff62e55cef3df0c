"""Which calls tell of which audit trail."""

from collections.abc import Mapping

from audit_chain import ChainEnd, Verdict
from owner_portal.audit.rules.trails import Chain
from owner_portal.audit.use_cases.log import Trail
from owner_portal.audit.use_cases.verification import Verify
from owner_portal.audit.use_cases.verify_actions import verify_actions
from owner_portal.web.portal import Portal


def entries_of(portal: Portal) -> Mapping[Chain, Trail]:
    """The trails of other services; the portal's own is in its database."""
    return {Chain.TENANCY: portal.tenancy.audit, Chain.BILLING: portal.billing.audit}


def verifiers(portal: Portal) -> Mapping[Chain, Verify]:
    """How each trail is followed."""

    async def own(known: ChainEnd | None) -> Verdict:
        return await verify_actions(portal.engine, known=known)

    return {
        Chain.TENANCY: portal.tenancy.audit.verify,
        Chain.BILLING: portal.billing.audit.verify,
        Chain.PORTAL: own,
    }
