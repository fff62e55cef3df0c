"""How the portal and the gateways follow what changes, and how signs of life come in."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from contracts.tenancy.v1 import tenancy_pb2 as pb
from tenancy.access.messages import change_messages as messages
from tenancy.access.use_cases.list_access_changes import list_access_changes
from tenancy.companies.messages.company_messages import to_company
from tenancy.companies.use_cases.list_company_changes import list_company_changes
from tenancy.doors.messages.times import from_timestamp, to_timestamp
from tenancy.doors.rpc.calls import Calls, Context
from tenancy.sync.use_cases.list_sync_times import list_sync_times
from tenancy.sync.use_cases.report_sync import report_sync


class ChangeCalls(Calls):
    """Changes by revision, signs of life by time."""

    async def ListCompanyChanges(
        self, request: pb.ListCompanyChangesRequest, context: Context
    ) -> pb.ListCompanyChangesResponse:
        companies = await list_company_changes(self._engine, page=messages.from_page(request))
        return pb.ListCompanyChangesResponse(
            companies=map(to_company, companies),
            revision=companies[-1].revision if companies else request.after_revision,
        )

    async def ListAccessChanges(
        self, request: pb.ListAccessChangesRequest, context: Context
    ) -> pb.ListAccessChangesResponse:
        records = await list_access_changes(self._engine, page=messages.from_page(request))
        return pb.ListAccessChangesResponse(
            records=map(messages.to_access, records),
            revision=records[-1].revision if records else request.after_revision,
        )

    async def ReportSync(self, request: pb.ReportSyncRequest, context: Context) -> pb.ReportSyncResponse:
        await report_sync(self._engine, times=[messages.from_sync_time(time) for time in request.times])
        return pb.ReportSyncResponse()

    async def ListSyncTimes(self, request: pb.ListSyncTimesRequest, context: Context) -> pb.ListSyncTimesResponse:
        since = from_timestamp(request.since, "since") if request.HasField("since") else None
        times, as_of = await list_sync_times(self._engine, since=since)
        return pb.ListSyncTimesResponse(times=map(messages.to_sync_time, times), as_of=to_timestamp(as_of))
