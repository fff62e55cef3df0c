"""Translates tenancy's messages about keys, policies and actions."""

from collections.abc import Mapping
from uuid import UUID

from contracts.tenancy.v1 import keys_pb2, policy_pb2, tenancy_pb2
from owner_portal.clients.actions import Action
from owner_portal.clients.timestamps import from_optional, from_timestamp
from owner_portal.companies.rules.keys import Key, KeyState
from owner_portal.companies.rules.policy import TrackingPolicy

_KEY_STATES: Mapping[int, KeyState] = {
    keys_pb2.KEY_STATE_LIVE: KeyState.LIVE,
    keys_pb2.KEY_STATE_ENDING: KeyState.ENDING,
    keys_pb2.KEY_STATE_ENDED: KeyState.ENDED,
}


def to_action(action: Action) -> tenancy_pb2.Action:
    """An action with its actor, reason and idempotency key."""
    return tenancy_pb2.Action(actor=action.actor, reason=action.reason, idempotency_key=action.idempotency_key)


def from_key(message: keys_pb2.Key) -> Key:
    """A key without its text."""
    return Key(
        key_id=UUID(message.id),
        hint=message.hint,
        state=_KEY_STATES[message.state],
        created_at=from_timestamp(message.created_at),
        valid_until=from_optional(message, "valid_until"),
        last_used_at=from_optional(message, "last_used_at"),
        devices=message.devices,
    )


def from_policy(message: policy_pb2.TrackingPolicy) -> TrackingPolicy:
    """A policy with its version."""
    return TrackingPolicy(
        screenshots_enabled=message.screenshots_enabled,
        screenshot_interval_seconds=message.screenshot_interval_seconds,
        website_tracking_enabled=message.website_tracking_enabled,
        app_tracking_enabled=message.app_tracking_enabled,
        idle_detection_enabled=message.idle_detection_enabled,
        idle_threshold_seconds=message.idle_threshold_seconds,
        version=message.version,
    )


def to_policy(policy: TrackingPolicy) -> policy_pb2.TrackingPolicy:
    """A policy to save; tenancy assigns its version."""
    return policy_pb2.TrackingPolicy(
        screenshots_enabled=policy.screenshots_enabled,
        screenshot_interval_seconds=policy.screenshot_interval_seconds,
        website_tracking_enabled=policy.website_tracking_enabled,
        app_tracking_enabled=policy.app_tracking_enabled,
        idle_detection_enabled=policy.idle_detection_enabled,
        idle_threshold_seconds=policy.idle_threshold_seconds,
    )
