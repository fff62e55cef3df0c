"""Requests for owner actions over gRPC. Each is carried out once for its idempotency key."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from google.protobuf.message import Message

from contracts.tenancy.v1 import tenancy_pb2 as pb
from idempotency import KeyedRequest, fingerprint, respond_once
from servicekit.rpc_server import caller
from servicekit.telemetry import traceparent
from tenancy.actions.rules import Action
from tenancy.actions.use_cases import OwnerRequest
from text_rules.lines import validate

MAX_KEY_LENGTH = 200

OwnerMessage: TypeAlias = (
    pb.CreateCompanyRequest
    | pb.UpdateCompanyRequest
    | pb.SuspendCompanyRequest
    | pb.ReactivateCompanyRequest
    | pb.CloseCompanyRequest
    | pb.SetLogoRequest
    | pb.SetTrackingPolicyRequest
    | pb.RotateKeyRequest
    | pb.RevokeKeyRequest
)
"""A request with an Action."""

M = TypeVar("M", bound=Message)
R = TypeVar("R")


async def owner_action(
    message: OwnerMessage,
    response: type[M],
    to_response: Callable[[R], M],
    use_case: Callable[[OwnerRequest], Awaitable[R]],
) -> M:
    """The response of `use_case`; a repeated request gets the first response. InvalidInput for an incomplete Action."""
    asked = message.action
    action = Action.checked(
        actor=asked.actor, reason=asked.reason, request_id=asked.request_id or _trace_id(), caller=caller()
    )
    keyed = None
    if asked.idempotency_key:
        keyed = KeyedRequest(
            key=validate(asked.idempotency_key, "action.idempotency_key", max_length=MAX_KEY_LENGTH, required=True),
            fingerprint=fingerprint(message),
            serialise=lambda result: to_response(result).SerializeToString(),
        )
    return await respond_once(response, to_response, use_case(OwnerRequest(action, keyed)))


def _trace_id() -> str:
    parent = traceparent()  # version-trace-span-flags
    return parent.split("-")[1] if parent else ""
