"""Requests that change something: who asks, under which key, and what the audit trail will say."""

import hashlib
import re
from collections.abc import Callable
from typing import TypeAlias, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from billing.actions.messages.facts import facts
from billing.actions.rules.action import Action
from billing.actions.use_cases.once import Answer, Request
from contracts.billing.v1 import invoices_pb2, plans_pb2, subscriptions_pb2
from servicekit.rpc_server import caller
from servicekit.telemetry import traceparent
from text_rules.lines import checked

KEY_LENGTH = 200
REQUEST_ID_LENGTH = 200

R = TypeVar("R")

Changing: TypeAlias = (
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
"""A request that changes something: it has an Action."""

_WORD = re.compile(r"(?<!^)(?=[A-Z])")


def changing(message: Changing, answer: Callable[[R], Message]) -> Request[R]:
    """The action, the key and the digest of a request; `answer` makes the response of a result."""
    wish = type(message).FromString(message.SerializeToString())
    wish.action.ClearField("request_id")  # a repetition has another one
    content = wish.SerializeToString(deterministic=True)
    wish.ClearField("action")
    kind = type(message).__name__
    return Request(
        action=Action.checked(actor=message.action.actor, reason=message.action.reason),
        request_id=checked(message.action.request_id, "Request id", most=REQUEST_ID_LENGTH) or _trace_id(),
        key=checked(message.action.idempotency_key, "Idempotency key", most=KEY_LENGTH, required=True),
        digest=hashlib.sha256(kind.encode() + b"\0" + content).digest(),
        name=_WORD.sub("_", kind.removesuffix("Request")).lower(),
        asked=facts(wish),
        answer=lambda result: _answer(wish, answer(result)),
        caller=caller(),
    )


def _answer(wish: Message, response: Message) -> Answer:
    outcome = facts(response)
    named = facts(wish).get("company_id") or outcome.get("change.company_id")
    return Answer(response.SerializeToString(), UUID(named) if named else None, outcome)


def _trace_id() -> str:
    parent = traceparent()  # version-trace-span-flags
    return parent.split("-")[1] if parent else ""
