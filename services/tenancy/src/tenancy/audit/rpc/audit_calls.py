"""The audit trail."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from contracts.tenancy.v1 import audit_pb2 as pb
from tenancy.audit.messages import audit_messages as messages
from tenancy.audit.use_cases.list_audit_entries import list_audit_entries
from tenancy.audit.use_cases.verify_audit import verify_audit
from tenancy.doors.rpc.calls import Calls, Context


class AuditCalls(Calls):
    """Looking into the trail and following it."""

    async def ListAuditEntries(
        self, request: pb.ListAuditEntriesRequest, context: Context
    ) -> pb.ListAuditEntriesResponse:
        entries, next_token = await list_audit_entries(
            self._engine,
            question=messages.from_question(request),
            size=request.page_size,
            token=request.page_token,
        )
        return pb.ListAuditEntriesResponse(entries=map(messages.to_entry, entries), next_page_token=next_token)

    async def VerifyAudit(self, request: pb.VerifyAuditRequest, context: Context) -> pb.VerifyAuditResponse:
        return messages.to_verdict(await verify_audit(self._engine, known=messages.from_known(request)))
