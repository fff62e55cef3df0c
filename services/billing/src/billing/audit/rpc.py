"""AuditService over gRPC. The server has checked who is calling."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from audit_chain import ChainEnd
from billing.audit.rules import MAX_ACTION_LENGTH, MAX_ACTOR_LENGTH, AuditFilter, SealedEntry
from billing.audit.use_cases import list_audit_entries, verify_audit
from billing.fields.messages import (
    MAX_REVISION,
    from_limit,
    from_optional_id,
    from_revision,
    from_timestamp,
    to_timestamp,
)
from contracts.billing.v1 import audit_pb2 as pb
from contracts.billing.v1.audit_pb2_grpc import AuditServiceServicer
from servicekit.errors import InvalidInput
from text_rules.lines import validate

HASH_LENGTH = 32

_Context = Any


class AuditServicer(AuditServiceServicer):
    """Each call translates its request, calls a use case and translates the result."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def ListAuditEntries(
        self, request: pb.ListAuditEntriesRequest, context: _Context
    ) -> pb.ListAuditEntriesResponse:
        found = await list_audit_entries(self._engine, question=_question(request), limit=from_limit(request.limit))
        return pb.ListAuditEntriesResponse(entries=[_entry(linked) for linked in found])

    async def VerifyAudit(self, request: pb.VerifyAuditRequest, context: _Context) -> pb.VerifyAuditResponse:
        verdict = await verify_audit(self._engine, known=_known(request))
        return pb.VerifyAuditResponse(
            whole=verdict.flaw is None,
            revision=verdict.end.revision,
            hash=verdict.end.hash,
            flaw=verdict.flaw or "",
        )


def _question(asked: pb.ListAuditEntriesRequest) -> AuditFilter:
    return AuditFilter(
        company_id=from_optional_id(asked.company_id, "company_id"),
        actor=validate(asked.actor, "Actor", max_length=MAX_ACTOR_LENGTH) or None,
        action=validate(asked.action, "Action", max_length=MAX_ACTION_LENGTH) or None,
        since=from_timestamp(asked.since, "since") if asked.HasField("since") else None,
        until=from_timestamp(asked.until, "until") if asked.HasField("until") else None,
        before=from_revision(asked.before_revision, "before_revision") or None,
    )


def _known(asked: pb.VerifyAuditRequest) -> ChainEnd | None:
    if not asked.known_revision and not asked.known_hash:
        return None
    if not 0 < asked.known_revision <= MAX_REVISION or len(asked.known_hash) != HASH_LENGTH:
        raise InvalidInput(
            "known_revision and known_hash belong together: give both as an earlier response had them, or neither."
        )
    return ChainEnd(asked.known_revision, asked.known_hash)


def _entry(linked: SealedEntry) -> pb.AuditEntry:
    entry = linked.entry
    return pb.AuditEntry(
        revision=entry.revision,
        id=str(entry.id),
        at=to_timestamp(entry.at),
        actor=entry.actor,
        action=entry.action,
        company_id=str(entry.company_id) if entry.company_id else "",
        reason=entry.reason,
        request_id=entry.request_id,
        asked=entry.asked,
        outcome=entry.outcome,
        hash=linked.hash,
        caller=entry.caller,
    )
