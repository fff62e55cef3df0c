"""tenancy: the keys of a company. Every call may raise Unavailable or NotFound."""

from datetime import timedelta
from uuid import UUID

from contracts.tenancy.v1 import keys_pb2
from contracts.tenancy.v1 import tenancy_pb2 as pb
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from owner_portal.clients.actions import Action
from owner_portal.clients.channels import Channel
from owner_portal.companies.messages import from_company, from_key, to_action
from owner_portal.companies.rules.keys import Key
from owner_portal.directory.rules.companies import Company


class Keys:
    """Over tenancy's channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = TenancyServiceStub(channel.grpc)

    async def of(self, company_id: UUID) -> list[Key]:
        """The newest hundred, the newest first."""
        request = keys_pb2.ListKeysRequest(company_id=str(company_id))
        answer = await self._channel.ask(self._stub.ListKeys, request)
        return [from_key(key) for key in answer.keys]

    async def rotate(
        self, company_id: UUID, grace: timedelta, action: Action, *, replacing: str | None
    ) -> tuple[Company, str]:
        """The company and the only copy of its new key. Refused: it is closed, or too many old keys still open.

        Conflict: `replacing` is given and not the hint of the present key.
        """
        request = pb.RotateKeyRequest(
            company_id=str(company_id),
            grace_seconds=int(grace.total_seconds()),
            key_hint=replacing,
            action=to_action(action),
        )
        answer = await self._channel.ask(self._stub.RotateKey, request)
        return from_company(answer.company), answer.key

    async def revoke(self, company_id: UUID, key_id: UUID, action: Action) -> tuple[Company, int]:
        """The company and how many of its keys still open. Refused: this one has ended already."""
        request = pb.RevokeKeyRequest(company_id=str(company_id), key_id=str(key_id), action=to_action(action))
        answer = await self._channel.ask(self._stub.RevokeKey, request)
        return from_company(answer.company), answer.keys_left
