"""The contract's service: translate, call the use case, translate back."""

from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceServicer
from tenancy.access.rpc.change_calls import ChangeCalls
from tenancy.audit.rpc.audit_calls import AuditCalls
from tenancy.keys.rpc.key_calls import KeyCalls
from tenancy.lifecycle.rpc.company_calls import CompanyCalls
from tenancy.policies.rpc.setting_calls import SettingCalls


class TenancyServicer(CompanyCalls, KeyCalls, SettingCalls, ChangeCalls, AuditCalls, TenancyServiceServicer):
    """All calls of the contract."""
