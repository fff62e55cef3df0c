"""Tracking policies between the contract's messages and the rules."""

from contracts.tenancy.v1 import policy_pb2
from tenancy.policies.rules import TrackingPolicy


def to_policy(policy: TrackingPolicy) -> policy_pb2.TrackingPolicy:
    """The whole policy with its version."""
    return policy_pb2.TrackingPolicy(
        screenshots_enabled=policy.screenshots_enabled,
        screenshot_interval_seconds=policy.screenshot_interval_seconds,
        website_tracking_enabled=policy.website_tracking_enabled,
        app_tracking_enabled=policy.app_tracking_enabled,
        idle_detection_enabled=policy.idle_detection_enabled,
        idle_threshold_seconds=policy.idle_threshold_seconds,
        version=policy.version,
    )


def from_policy(message: policy_pb2.TrackingPolicy) -> TrackingPolicy:
    """What to record; versions are for the service to give. InvalidInput names a time that is out of range."""
    return TrackingPolicy.checked(
        screenshots_enabled=message.screenshots_enabled,
        screenshot_interval_seconds=message.screenshot_interval_seconds,
        website_tracking_enabled=message.website_tracking_enabled,
        app_tracking_enabled=message.app_tracking_enabled,
        idle_detection_enabled=message.idle_detection_enabled,
        idle_threshold_seconds=message.idle_threshold_seconds,
    )
