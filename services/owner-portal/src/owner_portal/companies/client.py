"""tenancy: companies, their keys, tracking policy and logo. Every call may raise Unavailable or NotFound."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from contracts.tenancy.v1 import keys_pb2, policy_pb2, tenancy_pb2
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from owner_portal.clients.actions import Action
from owner_portal.clients.channels import Channel
from owner_portal.companies.messages import from_key, from_policy, to_action, to_policy
from owner_portal.companies.rules.drafts import CompanyDraft
from owner_portal.companies.rules.keys import Key
from owner_portal.companies.rules.policy import TrackingPolicy
from owner_portal.directory.messages import from_company
from owner_portal.directory.rules import Company


class CompanyClient:
    """Calls over tenancy's channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = TenancyServiceStub(channel.grpc)

    async def create(self, draft: CompanyDraft, action: Action) -> tuple[Company, str]:
        """The company and the only copy of its key. Conflict: the name is taken. InvalidInput."""
        request = tenancy_pb2.CreateCompanyRequest(
            action=to_action(action),
            name=draft.name,
            email=draft.email,
            contact_person=draft.contact_person,
            phone=draft.phone,
            address=draft.address,
            time_zone=draft.time_zone,
            plan_code=draft.plan_code,
        )
        answer = await self._channel.ask(self._stub.CreateCompany, request)
        return from_company(answer.company), answer.key

    async def update(self, company_id: UUID, changes: Mapping[str, str], action: Action) -> Company:
        """`changes`: new texts by the names of CompanyDraft's fields, without the plan. Conflict: the name is taken.

        InvalidInput. Refused: the company is closed.
        """
        request = tenancy_pb2.UpdateCompanyRequest(company_id=str(company_id), action=to_action(action), **changes)
        return from_company((await self._channel.ask(self._stub.UpdateCompany, request)).company)

    async def suspend(self, company_id: UUID, action: Action) -> Company:
        """Refused: it is not active."""
        request = tenancy_pb2.SuspendCompanyRequest(company_id=str(company_id), action=to_action(action))
        return from_company((await self._channel.ask(self._stub.SuspendCompany, request)).company)

    async def reactivate(self, company_id: UUID, action: Action) -> Company:
        """Refused: it is not suspended."""
        request = tenancy_pb2.ReactivateCompanyRequest(company_id=str(company_id), action=to_action(action))
        return from_company((await self._channel.ask(self._stub.ReactivateCompany, request)).company)

    async def close_company(self, company_id: UUID, action: Action) -> Company:
        """Refused: it is already closed."""
        request = tenancy_pb2.CloseCompanyRequest(company_id=str(company_id), action=to_action(action))
        return from_company((await self._channel.ask(self._stub.CloseCompany, request)).company)


class KeyClient:
    """Calls over tenancy's channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = TenancyServiceStub(channel.grpc)

    async def of(self, company_id: UUID) -> list[Key]:
        """The newest 100 keys, newest first."""
        request = keys_pb2.ListKeysRequest(company_id=str(company_id))
        answer = await self._channel.ask(self._stub.ListKeys, request)
        return [from_key(key) for key in answer.keys]

    async def rotate(
        self, company_id: UUID, grace: timedelta, action: Action, *, replacing: str | None
    ) -> tuple[Company, str]:
        """The company and the only copy of its new key. Refused: it is closed, or too many old keys still open.

        Conflict: `replacing` is given and not the hint of the present key.
        """
        request = tenancy_pb2.RotateKeyRequest(
            company_id=str(company_id),
            grace_seconds=int(grace.total_seconds()),
            key_hint=replacing,
            action=to_action(action),
        )
        answer = await self._channel.ask(self._stub.RotateKey, request)
        return from_company(answer.company), answer.key

    async def revoke(self, company_id: UUID, key_id: UUID, action: Action) -> tuple[Company, int]:
        """The company and the number of its valid keys. Refused: this key has already ended."""
        request = tenancy_pb2.RevokeKeyRequest(company_id=str(company_id), key_id=str(key_id), action=to_action(action))
        answer = await self._channel.ask(self._stub.RevokeKey, request)
        return from_company(answer.company), answer.keys_left


class CompanySettingsClient:
    """Calls over tenancy's channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = TenancyServiceStub(channel.grpc)

    async def policy(self, company_id: UUID) -> TrackingPolicy:
        """The policy in force."""
        request = policy_pb2.GetTrackingPolicyRequest(company_id=str(company_id))
        return from_policy((await self._channel.ask(self._stub.GetTrackingPolicy, request)).policy)

    async def set_policy(self, company_id: UUID, policy: TrackingPolicy, action: Action) -> TrackingPolicy:
        """The policy with its version. InvalidInput: a time is out of range. Refused: the company is closed."""
        request = tenancy_pb2.SetTrackingPolicyRequest(
            company_id=str(company_id), policy=to_policy(policy), action=to_action(action)
        )
        return from_policy((await self._channel.ask(self._stub.SetTrackingPolicy, request)).policy)

    async def logo(self, company_id: UUID) -> tuple[bytes, str]:
        """The picture and its media type. NotFound: it has none."""
        answer = await self._channel.ask(self._stub.GetLogo, tenancy_pb2.GetLogoRequest(company_id=str(company_id)))
        return answer.content, answer.media_type

    async def set_logo(self, company_id: UUID, content: bytes, action: Action) -> Company:
        """Empty content removes the logo. InvalidInput: not a picture, or too large. Refused: it is closed."""
        request = tenancy_pb2.SetLogoRequest(company_id=str(company_id), content=content, action=to_action(action))
        return from_company((await self._channel.ask(self._stub.SetLogo, request)).company)
