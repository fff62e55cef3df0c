"""The remote configuration of a tracker."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class TrackingConfig:
    """A configuration; the defaults apply until a higher `config_version` arrives."""

    config_version: int = 1
    screenshots_enabled: bool = True
    screenshot_interval_seconds: int = 120
    idle_threshold_seconds: int = 300
    enable_idle_detection: bool = True
    website_tracking_enabled: bool = True
    app_tracking_enabled: bool = True
    config_sync_interval_seconds: int = 10

    def updated(self, received: Mapping[str, Any]) -> "TrackingConfig":
        """Returns the configuration after `received`; unchanged unless its version is a higher integer."""
        version = received.get("config_version")
        if type(version) is not int or version <= self.config_version:
            return self
        known = {field.name for field in fields(self)}
        return replace(self, **{name: value for name, value in received.items() if name in known})
