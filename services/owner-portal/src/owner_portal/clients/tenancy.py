"""tenancy: companies and keys. Every call may raise Unavailable; the others are named."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import grpc

from contracts.tenancy.v1 import tenancy_pb2 as pb
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from owner_portal.clients.naming import named
from owner_portal.clients.times import from_timestamp, to_timestamp
from owner_portal.domain.companies import Company, SyncTime
from owner_portal.domain.drafts import CompanyDraft
from servicekit.rpc_client import call, open_channel
from servicekit.settings import TlsSettings

_SERVICE = "contracts.tenancy.v1.TenancyService"
# Actions are among them: each carries a key under which a repetition has no second effect.
_METHODS = (
    "CreateCompany",
    "SuspendCompany",
    "ReactivateCompany",
    "RotateKey",
    "ListCompanyChanges",
    "ListSyncTimes",
)
_IDEMPOTENT = [f"{_SERVICE}/{method}" for method in _METHODS]


class Tenancy:
    """One channel a process. `actor` is the owner's e-mail; with the reason it ends up in the audit trail.

    `once`: a call with the same one again has no second effect and gets the same answer.
    """

    def __init__(self, address: str, tls: TlsSettings) -> None:
        """`address`: host:port."""
        self._channel: grpc.aio.Channel = open_channel(address, tls, server_name="tenancy", idempotent=_IDEMPOTENT)
        self._stub = TenancyServiceStub(self._channel)

    async def close(self) -> None:
        """Ends the channel."""
        await self._channel.close(None)

    async def create(self, draft: CompanyDraft, *, actor: str, once: str) -> tuple[Company, str]:
        """The company and the only copy of its key. Conflict: the name is taken. InvalidInput."""
        request = pb.CreateCompanyRequest(
            action=_action(actor, "created in the owner portal", once),
            name=draft.name,
            email=draft.email,
            contact_person=draft.contact_person,
            phone=draft.phone,
            address=draft.address,
            time_zone=draft.time_zone,
            plan_code=draft.plan_code,
        )
        with named("Tenancy"):
            answer = await call(self._stub.CreateCompany, request)
        return _company(answer.company), answer.key

    async def suspend(self, company_id: UUID, *, actor: str, reason: str, once: str) -> Company:
        """Refused: it is suspended already. NotFound."""
        request = pb.SuspendCompanyRequest(company_id=str(company_id), action=_action(actor, reason, once))
        with named("Tenancy"):
            return _company((await call(self._stub.SuspendCompany, request)).company)

    async def reactivate(self, company_id: UUID, *, actor: str, reason: str, once: str) -> Company:
        """Refused: it is not suspended. NotFound."""
        request = pb.ReactivateCompanyRequest(company_id=str(company_id), action=_action(actor, reason, once))
        with named("Tenancy"):
            return _company((await call(self._stub.ReactivateCompany, request)).company)

    async def rotate_key(self, company_id: UUID, *, actor: str, reason: str, once: str) -> tuple[Company, str]:
        """The company and the only copy of its new key. NotFound."""
        request = pb.RotateKeyRequest(company_id=str(company_id), action=_action(actor, reason, once))
        with named("Tenancy"):
            answer = await call(self._stub.RotateKey, request)
        return _company(answer.company), answer.key

    async def list_changes(self, after: int) -> tuple[Sequence[Company], int]:
        """One page of companies changed after a revision, and the revision after which to ask again.

        Refused: tenancy knows no such revision; it was restored from a backup.
        """
        with named("Tenancy"):
            answer = await call(self._stub.ListCompanyChanges, pb.ListCompanyChangesRequest(after_revision=after))
        return [_company(company) for company in answer.companies], answer.revision

    async def list_sync_times(self, since: datetime | None) -> tuple[Sequence[SyncTime], datetime]:
        """Signs of life recorded at or after a moment (None: all), and the moment since which to ask again."""
        request = pb.ListSyncTimesRequest(since=to_timestamp(since) if since else None)
        with named("Tenancy"):
            answer = await call(self._stub.ListSyncTimes, request)
        times = [SyncTime(UUID(time.company_id), from_timestamp(time.last_sync_at)) for time in answer.times]
        return times, from_timestamp(answer.as_of)


def _action(actor: str, reason: str, once: str) -> pb.Action:
    return pb.Action(actor=actor, reason=reason, idempotency_key=once)


def _company(message: pb.Company) -> Company:
    return Company(
        company_id=UUID(message.id),
        name=message.name,
        email=message.email,
        contact_person=message.contact_person,
        phone=message.phone,
        address=message.address,
        time_zone=message.time_zone,
        suspended=message.state != pb.COMPANY_STATE_ACTIVE,  # a closed one is refused as a suspended one is, for ever
        key_hint=message.key_hint,
        created_at=from_timestamp(message.created_at),
        revision=message.revision,
    )
