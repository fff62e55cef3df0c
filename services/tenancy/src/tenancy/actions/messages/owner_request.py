"""Who asks for a change, why, and whether it was asked before."""

import copy
import hashlib
from typing import TypeAlias

from contracts.tenancy.v1 import tenancy_pb2 as pb
from servicekit.rpc_server import caller
from servicekit.telemetry import traceparent
from tenancy.actions.rules.action import Action, Once

Change: TypeAlias = (
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


def from_action(request: Change) -> Action:
    """The action of a request. InvalidInput when nobody is named."""
    message = request.action
    key = message.idempotency_key
    return Action.checked(
        actor=message.actor,
        reason=message.reason,
        request_id=message.request_id or _trace_id(),
        caller=caller(),
        once=Once.checked(key=key, fingerprint=fingerprint(request)) if key else None,
    )


def fingerprint(request: Change) -> bytes:
    """SHA-256 of all that a repetition has in common with the request: what is wanted, by whom, why."""
    wish = copy.deepcopy(request)
    wish.action.ClearField("idempotency_key")
    wish.action.ClearField("request_id")
    content = wish.SerializeToString(deterministic=True)
    return hashlib.sha256(wish.DESCRIPTOR.full_name.encode() + b"\0" + content).digest()


def _trace_id() -> str:
    parent = traceparent()  # version-trace-span-flags
    return parent.split("-")[1] if parent else ""
