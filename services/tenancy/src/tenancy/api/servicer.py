"""The contract's service: translate, call the use case, translate back."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tenancy.v1 import tenancy_pb2 as pb
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceServicer
from servicekit.ids import parse_id
from tenancy.api import messages
from tenancy.application.create_company import create_company
from tenancy.application.get_company import get_company
from tenancy.application.list_access_changes import list_access_changes
from tenancy.application.list_company_changes import list_company_changes
from tenancy.application.list_sync_times import list_sync_times
from tenancy.application.reactivate_company import reactivate_company
from tenancy.application.record_change import Encode
from tenancy.application.report_sync import report_sync
from tenancy.application.rotate_key import rotate_key
from tenancy.application.suspend_company import suspend_company
from tenancy.domain.details import checked_plan_code

_Context = Any  # the server has authorised the caller; nothing here needs the context


class TenancyServicer(TenancyServiceServicer):
    """Holds what the use cases need."""

    def __init__(self, engine: AsyncEngine, *, pepper: bytes, encode: Encode) -> None:
        self._engine = engine
        self._pepper = pepper
        self._encode = encode

    async def CreateCompany(self, request: pb.CreateCompanyRequest, context: _Context) -> pb.CreateCompanyResponse:
        company, key = await create_company(
            self._engine,
            pepper=self._pepper,
            encode=self._encode,
            action=messages.from_action(request.action),
            details=messages.from_details(request),
            plan_code=checked_plan_code(request.plan_code),
        )
        return pb.CreateCompanyResponse(company=messages.to_company(company), key=key)

    async def GetCompany(self, request: pb.GetCompanyRequest, context: _Context) -> pb.GetCompanyResponse:
        company = await get_company(self._engine, company_id=parse_id(request.company_id, "company_id"))
        return pb.GetCompanyResponse(company=messages.to_company(company))

    async def SuspendCompany(self, request: pb.SuspendCompanyRequest, context: _Context) -> pb.SuspendCompanyResponse:
        company = await suspend_company(
            self._engine,
            encode=self._encode,
            action=messages.from_action(request.action),
            company_id=parse_id(request.company_id, "company_id"),
        )
        return pb.SuspendCompanyResponse(company=messages.to_company(company))

    async def ReactivateCompany(
        self, request: pb.ReactivateCompanyRequest, context: _Context
    ) -> pb.ReactivateCompanyResponse:
        company = await reactivate_company(
            self._engine,
            encode=self._encode,
            action=messages.from_action(request.action),
            company_id=parse_id(request.company_id, "company_id"),
        )
        return pb.ReactivateCompanyResponse(company=messages.to_company(company))

    async def RotateKey(self, request: pb.RotateKeyRequest, context: _Context) -> pb.RotateKeyResponse:
        company, key = await rotate_key(
            self._engine,
            pepper=self._pepper,
            encode=self._encode,
            action=messages.from_action(request.action),
            company_id=parse_id(request.company_id, "company_id"),
        )
        return pb.RotateKeyResponse(company=messages.to_company(company), key=key)

    async def ListCompanyChanges(
        self, request: pb.ListCompanyChangesRequest, context: _Context
    ) -> pb.ListCompanyChangesResponse:
        companies = await list_company_changes(self._engine, page=messages.from_page(request))
        return pb.ListCompanyChangesResponse(
            companies=[messages.to_company(company) for company in companies],
            revision=companies[-1].revision if companies else request.after_revision,
        )

    async def ListAccessChanges(
        self, request: pb.ListAccessChangesRequest, context: _Context
    ) -> pb.ListAccessChangesResponse:
        records = await list_access_changes(self._engine, page=messages.from_page(request))
        return pb.ListAccessChangesResponse(
            records=[messages.to_access(record) for record in records],
            revision=records[-1].revision if records else request.after_revision,
        )

    async def ReportSync(self, request: pb.ReportSyncRequest, context: _Context) -> pb.ReportSyncResponse:
        await report_sync(self._engine, times=[messages.from_sync_time(time) for time in request.times])
        return pb.ReportSyncResponse()

    async def ListSyncTimes(self, request: pb.ListSyncTimesRequest, context: _Context) -> pb.ListSyncTimesResponse:
        since = messages.from_timestamp(request.since, "since") if request.HasField("since") else None
        times, as_of = await list_sync_times(self._engine, since=since)
        return pb.ListSyncTimesResponse(
            times=[messages.to_sync_time(time) for time in times], as_of=messages.to_timestamp(as_of)
        )
