"""The contract's service: translate, call the use case, translate back."""

from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceServicer
from tenancy.api.audit_calls import AuditCalls
from tenancy.api.change_calls import ChangeCalls
from tenancy.api.company_calls import CompanyCalls
from tenancy.api.key_calls import KeyCalls
from tenancy.api.setting_calls import SettingCalls


class TenancyServicer(CompanyCalls, KeyCalls, SettingCalls, ChangeCalls, AuditCalls, TenancyServiceServicer):
    """All calls of the contract."""
