"""Requests for owner actions over gRPC. Each is carried out once for its idempotency key."""

import re
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from billing.actions.messages import facts
from billing.actions.rules import Action
from billing.actions.use_cases import Outcome, OwnerRequest
from contracts.billing.v1 import invoices_pb2, plans_pb2, subscriptions_pb2
from idempotency import KeyedRequest, fingerprint, respond_once
from servicekit.rpc_server import caller
from servicekit.telemetry import traceparent
from text_rules.lines import validate

MAX_KEY_LENGTH = 200
MAX_REQUEST_ID_LENGTH = 200

OwnerMessage: TypeAlias = (
    plans_pb2.CreatePlanVersionRequest
    | plans_pb2.MoveSubscriptionsRequest
    | subscriptions_pb2.ChangePlanRequest
    | subscriptions_pb2.RenewSubscriptionRequest
    | subscriptions_pb2.ExtendSubscriptionRequest
    | subscriptions_pb2.CancelSubscriptionRequest
    | subscriptions_pb2.CancelScheduledChangeRequest
    | invoices_pb2.RecordPaymentRequest
    | invoices_pb2.ReversePaymentRequest
    | invoices_pb2.MarkPastDueRequest
)
"""A request with an Action."""

M = TypeVar("M", bound=Message)
R = TypeVar("R")

_WORD = re.compile(r"(?<!^)(?=[A-Z])")


async def owner_action(
    message: OwnerMessage,
    response: type[M],
    to_response: Callable[[R], M],
    use_case: Callable[[OwnerRequest], Awaitable[R]],
) -> M:
    """The response of `use_case`; a repeated request gets the first response. InvalidInput for an incomplete Action."""
    return await respond_once(response, to_response, use_case(_owner_request(message, to_response)))


def _owner_request(message: OwnerMessage, to_response: Callable[[R], M]) -> OwnerRequest:
    content = type(message).FromString(message.SerializeToString())
    content.ClearField("action")
    name, asked = type(message).__name__.removesuffix("Request"), facts(content)

    def outcome(result: R) -> Outcome:
        answered = facts(to_response(result))
        company_id = asked.get("company_id") or answered.get("change.company_id")
        return Outcome(UUID(company_id) if company_id else None, answered)

    action = message.action
    return OwnerRequest(
        action=Action.checked(actor=action.actor, reason=action.reason),
        keyed=KeyedRequest(
            key=validate(action.idempotency_key, "Idempotency key", max_length=MAX_KEY_LENGTH, required=True),
            fingerprint=fingerprint(message),
            serialise=lambda result: to_response(result).SerializeToString(),
        ),
        request_id=validate(action.request_id, "Request id", max_length=MAX_REQUEST_ID_LENGTH) or _trace_id(),
        name=_WORD.sub("_", name).lower(),
        asked=asked,
        outcome=outcome,
        caller=caller(),
    )


def _trace_id() -> str:
    parent = traceparent()  # version-trace-span-flags
    return parent.split("-")[1] if parent else ""
