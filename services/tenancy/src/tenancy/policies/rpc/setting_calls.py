"""What the owner sets for a company: how it looks and what its trackers record."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from contracts.tenancy.v1 import policy_pb2
from contracts.tenancy.v1 import tenancy_pb2 as pb
from servicekit.ids import parse_id
from tenancy.actions.messages.owner_request import from_action
from tenancy.companies.messages.company_messages import to_company
from tenancy.companies.rules.logo import Logo
from tenancy.companies.use_cases.get_logo import get_logo
from tenancy.companies.use_cases.set_logo import set_logo
from tenancy.doors.rpc.calls import Calls, Context
from tenancy.policies.messages.policies import from_policy, to_policy
from tenancy.policies.use_cases.get_tracking_policy import get_tracking_policy
from tenancy.policies.use_cases.set_tracking_policy import set_tracking_policy


class SettingCalls(Calls):
    """Logo and tracking policy."""

    async def SetLogo(self, request: pb.SetLogoRequest, context: Context) -> pb.SetLogoResponse:
        company = await set_logo(
            self._engine,
            encode=self._encode,
            action=from_action(request),
            company_id=parse_id(request.company_id, "company_id"),
            logo=Logo.checked(request.content) if request.content else None,
        )
        return pb.SetLogoResponse(company=to_company(company))

    async def GetLogo(self, request: pb.GetLogoRequest, context: Context) -> pb.GetLogoResponse:
        logo = await get_logo(self._engine, company_id=parse_id(request.company_id, "company_id"))
        return pb.GetLogoResponse(content=logo.content, media_type=logo.media_type, digest=logo.digest)

    async def SetTrackingPolicy(
        self, request: pb.SetTrackingPolicyRequest, context: Context
    ) -> pb.SetTrackingPolicyResponse:
        policy = await set_tracking_policy(
            self._engine,
            encode=self._encode,
            action=from_action(request),
            company_id=parse_id(request.company_id, "company_id"),
            policy=from_policy(request.policy),
        )
        return pb.SetTrackingPolicyResponse(policy=to_policy(policy))

    async def GetTrackingPolicy(
        self, request: policy_pb2.GetTrackingPolicyRequest, context: Context
    ) -> policy_pb2.GetTrackingPolicyResponse:
        policy = await get_tracking_policy(self._engine, company_id=parse_id(request.company_id, "company_id"))
        return policy_pb2.GetTrackingPolicyResponse(policy=to_policy(policy))
