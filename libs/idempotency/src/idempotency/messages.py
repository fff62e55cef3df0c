"""Keyed requests and responses as protobuf messages."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from google.protobuf.message import Message

from idempotency.keys import AlreadyAnswered

M = TypeVar("M", bound=Message)
R = TypeVar("R")


def fingerprint(request: Any) -> bytes:
    """SHA-256 of a request with a field `action`, without the action's `request_id`: each repetition has its own."""
    content = type(request).FromString(request.SerializeToString())
    content.action.ClearField("request_id")
    name = type(request).__name__.encode()
    return hashlib.sha256(name + b"\0" + content.SerializeToString(deterministic=True)).digest()


async def respond_once(response: type[M], to_response: Callable[[R], M], result: Awaitable[R]) -> M:
    """The response of a keyed request: of its result, or the stored one when it was carried out before."""
    try:
        return to_response(await result)
    except AlreadyAnswered as before:
        return response.FromString(before.response)
