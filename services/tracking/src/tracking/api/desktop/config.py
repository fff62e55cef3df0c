"""What a tracker is told about how to track."""

from datetime import datetime
from typing import Any


def tracker_config(logged_in_at: datetime) -> dict[str, Any]:
    """The `config` of a desktop that signed in then.

    A tracker applies a config only when its version exceeds the one it has, and keeps that one when another person or
    company signs in on the same desktop. The second of the latest log-in is a number that only grows on any desktop.
    """
    return {
        "config_version": int(logged_in_at.timestamp()),
        "screenshots_enabled": False,
        "screenshot_interval_seconds": 120,
        "idle_threshold_seconds": 300,
        "enable_idle_detection": True,
        "website_tracking_enabled": True,
        "app_tracking_enabled": True,
        "config_sync_interval_seconds": 10,
        "max_screenshot_size_mb": 5,
        "screenshot_quality": 70,
        "enable_keyboard_tracking": False,
        "enable_mouse_tracking": False,
        "show_tracker_notification": True,
        "notification_interval_minutes": 30,
        "local_data_retention_days": 30,
        "updated_at": logged_in_at.isoformat(),
    }
