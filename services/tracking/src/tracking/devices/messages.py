"""The configuration as the desktop protocol carries it."""

from datetime import UTC, datetime
from typing import Any

from tracking.access.rules.policy import TrackingPolicy


def tracker_config(policy: TrackingPolicy, logged_in_at: datetime) -> dict[str, Any]:
    """The `config` for a desktop that signed in at that moment, under its company's policy."""
    updated_at = max(int(logged_in_at.timestamp()), policy.version)
    return {
        "config_version": policy.version_for(logged_in_at),
        "screenshots_enabled": policy.screenshots_enabled,
        "screenshot_interval_seconds": policy.screenshot_interval_seconds,
        "idle_threshold_seconds": policy.idle_threshold_seconds,
        "enable_idle_detection": policy.idle_detection_enabled,
        "website_tracking_enabled": policy.website_tracking_enabled,
        "app_tracking_enabled": policy.app_tracking_enabled,
        "config_sync_interval_seconds": 10,
        "max_screenshot_size_mb": 5,
        "screenshot_quality": 70,
        "enable_keyboard_tracking": False,
        "enable_mouse_tracking": False,
        "show_tracker_notification": True,
        "notification_interval_minutes": 30,
        "local_data_retention_days": 30,
        "updated_at": datetime.fromtimestamp(updated_at, UTC).isoformat(),
    }
