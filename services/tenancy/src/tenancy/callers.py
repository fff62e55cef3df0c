"""Who may call what. Services are known by the names in their certificates; what is not listed is refused."""

from contracts.tenancy.v1 import tenancy_pb2
from servicekit.rpc_server import Callers

_SERVICE = tenancy_pb2.DESCRIPTOR.services_by_name["TenancyService"]

_OWNERS_SIDE = frozenset({"owner-portal", "operator"})
_GATEWAYS = frozenset({"tracking"})

_CALLERS = {
    "CreateCompany": _OWNERS_SIDE,
    "UpdateCompany": _OWNERS_SIDE,
    "SuspendCompany": _OWNERS_SIDE,
    "ReactivateCompany": _OWNERS_SIDE,
    "CloseCompany": _OWNERS_SIDE,
    "SetLogo": _OWNERS_SIDE,
    "GetLogo": _OWNERS_SIDE,
    "SetTrackingPolicy": _OWNERS_SIDE,
    "GetTrackingPolicy": _OWNERS_SIDE,
    "RotateKey": _OWNERS_SIDE,
    "RevokeKey": _OWNERS_SIDE,
    "ListKeys": _OWNERS_SIDE,
    "ListCompanyChanges": _OWNERS_SIDE,
    "ListSyncTimes": _OWNERS_SIDE,
    "ListAuditEntries": _OWNERS_SIDE,
    "VerifyAudit": _OWNERS_SIDE,
    "ReportKeyUse": _GATEWAYS,
    "ListAccessChanges": _GATEWAYS,
    "ReportSync": _GATEWAYS,
}

CALLERS: Callers = {f"/{_SERVICE.full_name}/{method}": callers for method, callers in _CALLERS.items()}
