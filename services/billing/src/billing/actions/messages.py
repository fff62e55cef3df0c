"""Owner actions as messages: the actor, and the facts that an audit entry keeps of a request and its response."""

from datetime import UTC
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from billing.actions.rules import Action
from contracts.billing.v1 import action_pb2


def to_action(action: Action) -> action_pb2.Action:
    """Who made a change, and why."""
    return action_pb2.Action(actor=action.actor, reason=action.reason)


def facts(message: Message) -> dict[str, str]:
    """All fields that are set, by their path: {"plan_code": "PRO", "lines": "2 entries"}; of a list its length."""
    found: dict[str, str] = {}
    for field, value in message.ListFields():
        if field.is_repeated:
            found[field.name] = f"{len(value)} entries"
        elif isinstance(value, Timestamp):
            found[field.name] = value.ToDatetime(UTC).isoformat()
        elif isinstance(value, Message):
            found |= {f"{field.name}.{name}": text for name, text in facts(value).items()}
        else:
            found[field.name] = _text(field, value)
    return found


def _text(field: FieldDescriptor, value: Any) -> str:
    if field.enum_type is not None and value in field.enum_type.values_by_number:
        return str(field.enum_type.values_by_number[value].name)
    return str(value).lower() if isinstance(value, bool) else str(value)
