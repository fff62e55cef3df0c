"""Which calls tell of which audit trail."""

from collections.abc import Mapping

from audit_chain import ChainEnd, Verdict
from owner_portal.api.portal import Portal
from owner_portal.application.audit.show_audit_log import Trail
from owner_portal.application.audit.verify_actions import verify_actions
from owner_portal.application.audit.verify_trails import Verify
from owner_portal.domain.audit_trail import Chain


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
