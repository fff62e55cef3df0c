"""The calls about the audit trail."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tenancy.v1 import audit_pb2 as pb
from tenancy.audit.messages import from_known, from_question, to_entry, to_verdict
from tenancy.audit.use_cases import list_audit_entries, verify_audit


class AuditCalls:
    """The audit trail is listed and verified."""

    _engine: AsyncEngine

    async def ListAuditEntries(self, request: pb.ListAuditEntriesRequest, context: Any) -> pb.ListAuditEntriesResponse:
        entries, next_token = await list_audit_entries(
            self._engine, question=from_question(request), size=request.page_size, token=request.page_token
        )
        return pb.ListAuditEntriesResponse(entries=map(to_entry, entries), next_page_token=next_token)

    async def VerifyAudit(self, request: pb.VerifyAuditRequest, context: Any) -> pb.VerifyAuditResponse:
        return to_verdict(await verify_audit(self._engine, known=from_known(request)))
