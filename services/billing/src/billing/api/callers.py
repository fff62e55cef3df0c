"""Which service may call which method. Whatever is not listed is refused; tenancy calls nothing here."""

from servicekit.rpc_server import Callers

OWNER_PORTAL = "owner-portal"
TRACKING = "tracking"
OPERATOR = "operator"

CALLERS: Callers = {
    "/contracts.billing.v1.BillingService/ListPlans": frozenset({OWNER_PORTAL, OPERATOR}),
    "/contracts.billing.v1.BillingService/ListSubscriptionChanges": frozenset({OWNER_PORTAL, OPERATOR}),
    "/contracts.billing.v1.BillingService/ListEntitlementChanges": frozenset({TRACKING, OPERATOR}),
}
