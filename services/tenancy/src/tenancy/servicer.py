"""TenancyService over gRPC: the calls of all features. The server has checked who is calling."""

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceServicer
from tenancy.access.rpc import AccessCalls
from tenancy.actions.use_cases import Encode
from tenancy.audit.rpc import AuditCalls
from tenancy.companies.rpc import CompanyCalls
from tenancy.keys.rpc import KeyCalls
from tenancy.keys.rules.peppers import Peppers
from tenancy.lifecycle.rpc import LifecycleCalls
from tenancy.policies.rpc import PolicyCalls
from tenancy.sync.rpc import SyncCalls


class TenancyServicer(
    LifecycleCalls,
    CompanyCalls,
    KeyCalls,
    PolicyCalls,
    AccessCalls,
    SyncCalls,
    AuditCalls,
    TenancyServiceServicer,
):
    """Each call translates, calls its use case and translates back."""

    def __init__(self, engine: AsyncEngine, *, peppers: Peppers, encode: Encode) -> None:
        self._engine = engine
        self._peppers = peppers
        self._encode = encode
