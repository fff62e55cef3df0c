"""The audit trails of tenancy and billing. Every call may raise Unavailable."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from audit_chain import ChainEnd, Verification
from contracts.billing.v1 import audit_pb2 as billing_pb
from contracts.billing.v1.audit_pb2_grpc import AuditServiceStub
from contracts.tenancy.v1 import audit_pb2 as tenancy_pb
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from owner_portal.audit.rules.trails import Chain, Entry, TrailQuestion
from owner_portal.clients.channels import Channel
from owner_portal.clients.timestamps import from_timestamp, to_timestamp

VERIFY_WITHIN = 30.0  # seconds; enough for a million entries


class TenancyAudit:
    """Calls over tenancy's channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = TenancyServiceStub(channel.grpc)

    async def entries(self, question: TrailQuestion, *, before: int | None, limit: int) -> list[Entry]:
        """Newest first, before a revision; at most 200."""
        request = tenancy_pb.ListAuditEntriesRequest(page_size=limit, before_revision=before or 0, **_filters(question))
        answer = await self._channel.ask(self._stub.ListAuditEntries, request)
        return [
            _entry(Chain.TENANCY, entry, [(_words(name), text) for name, text in _changes(entry.before, entry.after)])
            for entry in answer.entries
        ]

    async def verify(self, known: ChainEnd | None) -> Verification:
        """Verifies the trail, and that it contains the recorded entry."""
        request = tenancy_pb.VerifyAuditRequest(**_known(known))
        return _verdict(await self._channel.ask(self._stub.VerifyAudit, request, deadline=VERIFY_WITHIN))


class BillingAudit:
    """Calls over billing's channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = AuditServiceStub(channel.grpc)

    async def entries(self, question: TrailQuestion, *, before: int | None, limit: int) -> list[Entry]:
        """Newest first, before a revision; at most 1,000."""
        request = billing_pb.ListAuditEntriesRequest(limit=limit, before_revision=before or 0, **_filters(question))
        answer = await self._channel.ask(self._stub.ListAuditEntries, request)
        return [_entry(Chain.BILLING, entry, _asked_and_outcome(entry)) for entry in answer.entries]

    async def verify(self, known: ChainEnd | None) -> Verification:
        """Verifies the trail, and that it contains the recorded entry."""
        request = billing_pb.VerifyAuditRequest(**_known(known))
        return _verdict(await self._channel.ask(self._stub.VerifyAudit, request, deadline=VERIFY_WITHIN))


def _filters(question: TrailQuestion) -> dict[str, Any]:
    return {
        "company_id": str(question.company_id) if question.company_id else "",
        "actor": question.actor or "",
        "action": question.action or "",
        "since": to_timestamp(question.since) if question.since else None,
        "until": to_timestamp(question.until) if question.until else None,
    }


def _entry(chain: Chain, message: Any, details: Sequence[tuple[str, str]]) -> Entry:
    return Entry(
        chain=chain,
        revision=message.revision,
        at=from_timestamp(message.at),
        actor=message.actor,
        action=message.action,
        company_id=UUID(message.company_id) if message.company_id else None,
        subject="",
        reason=message.reason,
        request_id=message.request_id,
        details=details,
        caller=message.caller,
    )


def _changes(before: Any, after: Any) -> list[tuple[str, str]]:
    """The changed fields as ("state", "active → suspended"); of a new object, its values."""
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return [(name, f"{before[name]} → {after.get(name, '')}" if name in before else after[name]) for name in names]


def _asked_and_outcome(entry: billing_pb.AuditEntry) -> list[tuple[str, str]]:
    """The fields of the request, then those that the response adds; the company is shown elsewhere."""
    asked = [(f"Asked: {_words(name)}", text) for name, text in sorted(entry.asked.items()) if name != "company_id"]
    outcome = [(_words(name), text) for name, text in sorted(entry.outcome.items()) if not name.endswith("company_id")]
    return asked + outcome


def _words(name: str) -> str:
    """subscription.plan_code → Subscription plan code."""
    return name.replace(".", " ").replace("_", " ").capitalize()


def _known(known: ChainEnd | None) -> dict[str, Any]:
    return {"known_revision": known.revision, "known_hash": known.hash} if known else {}


def _verdict(answer: Any) -> Verification:
    return Verification(ChainEnd(answer.revision, answer.hash), answer.flaw or None)
