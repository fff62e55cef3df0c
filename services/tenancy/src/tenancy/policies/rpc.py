"""The calls about tracking policies."""
# ruff: noqa: ARG002, N802 - names and parameters of the methods are the contract's

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tenancy.v1 import policy_pb2
from contracts.tenancy.v1 import tenancy_pb2 as pb
from servicekit.ids import parse_id
from tenancy.actions.rpc import owner_action
from tenancy.actions.use_cases import Encode
from tenancy.policies.messages import from_policy, to_policy
from tenancy.policies.use_cases import get_tracking_policy, set_tracking_policy


class PolicyCalls:
    """What a company's trackers record."""

    _engine: AsyncEngine
    _encode: Encode

    async def SetTrackingPolicy(
        self, request: pb.SetTrackingPolicyRequest, context: Any
    ) -> pb.SetTrackingPolicyResponse:
        return await owner_action(
            request,
            pb.SetTrackingPolicyResponse,
            lambda policy: pb.SetTrackingPolicyResponse(policy=to_policy(policy)),
            lambda owner: set_tracking_policy(
                self._engine,
                encode=self._encode,
                request=owner,
                company_id=parse_id(request.company_id, "company_id"),
                policy=from_policy(request.policy),
            ),
        )

    async def GetTrackingPolicy(
        self, request: policy_pb2.GetTrackingPolicyRequest, context: Any
    ) -> policy_pb2.GetTrackingPolicyResponse:
        policy = await get_tracking_policy(self._engine, company_id=parse_id(request.company_id, "company_id"))
        return policy_pb2.GetTrackingPolicyResponse(policy=to_policy(policy))
