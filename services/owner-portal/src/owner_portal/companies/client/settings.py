"""tenancy: tracking policy and logo of a company. Every call may raise Unavailable or NotFound."""

from uuid import UUID

from contracts.tenancy.v1 import policy_pb2
from contracts.tenancy.v1 import tenancy_pb2 as pb
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from owner_portal.clients.actions import Action
from owner_portal.clients.channels import Channel
from owner_portal.companies.messages import from_company, from_policy, to_action, to_policy
from owner_portal.companies.rules.policy import TrackingPolicy
from owner_portal.directory.rules.companies import Company


class CompanySettings:
    """Over tenancy's channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._stub = TenancyServiceStub(channel.grpc)

    async def policy(self, company_id: UUID) -> TrackingPolicy:
        """The policy in force."""
        request = policy_pb2.GetTrackingPolicyRequest(company_id=str(company_id))
        return from_policy((await self._channel.ask(self._stub.GetTrackingPolicy, request)).policy)

    async def set_policy(self, company_id: UUID, policy: TrackingPolicy, action: Action) -> TrackingPolicy:
        """The policy with its version. InvalidInput: a time is out of range. Refused: the company is closed."""
        request = pb.SetTrackingPolicyRequest(
            company_id=str(company_id), policy=to_policy(policy), action=to_action(action)
        )
        return from_policy((await self._channel.ask(self._stub.SetTrackingPolicy, request)).policy)

    async def logo(self, company_id: UUID) -> tuple[bytes, str]:
        """The picture and its media type. NotFound: it has none."""
        answer = await self._channel.ask(self._stub.GetLogo, pb.GetLogoRequest(company_id=str(company_id)))
        return answer.content, answer.media_type

    async def set_logo(self, company_id: UUID, content: bytes, action: Action) -> Company:
        """Empty: no logo any more. InvalidInput: no picture that browsers show, or too large. Refused: it is closed."""
        request = pb.SetLogoRequest(company_id=str(company_id), content=content, action=to_action(action))
        return from_company((await self._channel.ask(self._stub.SetLogo, request)).company)
