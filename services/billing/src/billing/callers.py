"""Which service may call which method. Whatever is not listed is refused; tenancy calls nothing here."""

from collections.abc import Mapping

from contracts.billing.v1 import audit_pb2, billing_pb2, invoices_pb2, plans_pb2, revenue_pb2, subscriptions_pb2
from servicekit.rpc_server import Callers

_OWNERS_SIDE = frozenset({"owner-portal", "operator"})
_GATEWAYS = frozenset({"tracking", "operator"})

_RULES: Mapping[str, Mapping[str, frozenset[str]]] = {
    billing_pb2.DESCRIPTOR.services_by_name["BillingService"].full_name: {
        "ListPlans": _OWNERS_SIDE,
        "ListSubscriptionChanges": _OWNERS_SIDE,
        "ListEntitlementChanges": _GATEWAYS,
    },
    plans_pb2.DESCRIPTOR.services_by_name["PlanService"].full_name: {
        "CreatePlanVersion": _OWNERS_SIDE,
        "PreviewPlanVersion": _OWNERS_SIDE,
        "MoveSubscriptions": _OWNERS_SIDE,
    },
    subscriptions_pb2.DESCRIPTOR.services_by_name["SubscriptionService"].full_name: {
        "GetSubscription": _OWNERS_SIDE,
        "ListSubscriptionHistory": _OWNERS_SIDE,
        "ListScheduledChanges": _OWNERS_SIDE,
        "PreviewPlanChange": _OWNERS_SIDE,
        "ChangePlan": _OWNERS_SIDE,
        "RenewSubscription": _OWNERS_SIDE,
        "ExtendSubscription": _OWNERS_SIDE,
        "CancelSubscription": _OWNERS_SIDE,
        "CancelScheduledChange": _OWNERS_SIDE,
    },
    invoices_pb2.DESCRIPTOR.services_by_name["InvoiceService"].full_name: {
        "ListInvoiceLines": _OWNERS_SIDE,
        "ListPayments": _OWNERS_SIDE,
        "GetPayment": _OWNERS_SIDE,
        "RecordPayment": _OWNERS_SIDE,
        "ReversePayment": _OWNERS_SIDE,
        "MarkPastDue": _OWNERS_SIDE,
    },
    revenue_pb2.DESCRIPTOR.services_by_name["RevenueService"].full_name: {
        "GetRevenueReport": _OWNERS_SIDE,
        "ListRevenueMovements": _OWNERS_SIDE,
    },
    audit_pb2.DESCRIPTOR.services_by_name["AuditService"].full_name: {
        "ListAuditEntries": _OWNERS_SIDE,
        "VerifyAudit": _OWNERS_SIDE,
    },
}

CALLERS: Callers = {
    f"/{service}/{method}": callers for service, methods in _RULES.items() for method, callers in methods.items()
}
