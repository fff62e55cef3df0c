"""The audit trail between the contract's messages and the rules."""

from audit_chain import ChainEnd, Verification
from contracts.tenancy.v1 import audit_pb2 as pb
from servicekit.errors import InvalidInput
from servicekit.ids import parse_id
from tenancy.audit.rules import MAX_ACTION_LENGTH, MAX_ACTOR_LENGTH, AuditFilter, SealedEntry
from tenancy.db.rules import MAX_REVISION
from tenancy.fields.messages import from_timestamp, to_timestamp
from text_rules.lines import validate

HASH_LENGTH = 32


def from_question(message: pb.ListAuditEntriesRequest) -> AuditFilter:
    """The filters of a request. InvalidInput names one that cannot be read."""
    return AuditFilter(
        company_id=parse_id(message.company_id, "company_id") if message.company_id else None,
        actor=validate(message.actor, "actor", max_length=MAX_ACTOR_LENGTH) or None,
        action=validate(message.action, "action", max_length=MAX_ACTION_LENGTH) or None,
        since=from_timestamp(message.since, "since") if message.HasField("since") else None,
        until=from_timestamp(message.until, "until") if message.HasField("until") else None,
        before=_revision(message.before_revision),
    )


def _revision(asked: int) -> int | None:
    if asked > MAX_REVISION:
        raise InvalidInput(
            "before_revision is out of range: give the revision of an entry, or 0", field="before_revision"
        )
    return asked or None


def from_known(message: pb.VerifyAuditRequest) -> ChainEnd | None:
    """An entry that the caller knows. InvalidInput for an impossible one."""
    if not message.known_revision and not message.known_hash:
        return None
    if not 0 < message.known_revision <= MAX_REVISION or len(message.known_hash) != HASH_LENGTH:
        raise InvalidInput(
            "known_revision and known_hash belong together: give both from an earlier response, or neither"
        )
    return ChainEnd(message.known_revision, message.known_hash)


def to_entry(linked: SealedEntry) -> pb.AuditEntry:
    """An audit entry."""
    entry = linked.entry
    return pb.AuditEntry(
        revision=entry.revision,
        id=str(entry.id),
        at=to_timestamp(entry.at),
        actor=entry.actor,
        action=entry.action,
        company_id=str(entry.company_id),
        reason=entry.reason,
        request_id=entry.request_id,
        before=entry.before or {},
        after=entry.after,
        hash=linked.hash,
        caller=entry.caller,
    )


def to_verdict(verdict: Verification) -> pb.VerifyAuditResponse:
    """The verdict on a trail."""
    return pb.VerifyAuditResponse(
        whole=verdict.flaw is None,
        revision=verdict.end.revision,
        hash=verdict.end.hash,
        flaw=verdict.flaw or "",
    )
