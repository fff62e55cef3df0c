"""Heartbeats: reported by the gateways, followed by the portal."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tenancy.v1 import tenancy_pb2 as pb
from tenancy.fields.messages import from_timestamp, to_timestamp
from tenancy.sync.messages import from_sync_time, to_sync_time
from tenancy.sync.use_cases import list_sync_times, report_sync


class SyncCalls:
    """The last heartbeat of each company's trackers."""

    _engine: AsyncEngine

    async def ReportSync(self, request: pb.ReportSyncRequest, context: Any) -> pb.ReportSyncResponse:
        await report_sync(self._engine, times=[from_sync_time(time) for time in request.times])
        return pb.ReportSyncResponse()

    async def ListSyncTimes(self, request: pb.ListSyncTimesRequest, context: Any) -> pb.ListSyncTimesResponse:
        since = from_timestamp(request.since, "since") if request.HasField("since") else None
        times, as_of = await list_sync_times(self._engine, since=since)
        return pb.ListSyncTimesResponse(times=map(to_sync_time, times), as_of=to_timestamp(as_of))
