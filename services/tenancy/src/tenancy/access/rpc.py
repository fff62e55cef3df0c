"""The change list from which the gateways keep their access directory."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tenancy.v1 import tenancy_pb2 as pb
from tenancy.access.messages import to_access
from tenancy.access.use_cases import list_access_changes
from tenancy.fields.messages import from_change_page


class AccessCalls:
    """Access records by revision."""

    _engine: AsyncEngine

    async def ListAccessChanges(
        self, request: pb.ListAccessChangesRequest, context: Any
    ) -> pb.ListAccessChangesResponse:
        records = await list_access_changes(self._engine, page=from_change_page(request))
        return pb.ListAccessChangesResponse(
            records=map(to_access, records),
            revision=records[-1].revision if records else request.after_revision,
        )
