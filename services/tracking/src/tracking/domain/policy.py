"""What a company's trackers record, as its owner's contract with the platform has it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrackingPolicy:
    """`version` is the Unix second of the latest change, and only grows."""

    screenshots_enabled: bool = True
    screenshot_interval_seconds: int = 120
    website_tracking_enabled: bool = True
    app_tracking_enabled: bool = True
    idle_detection_enabled: bool = True
    idle_threshold_seconds: int = 300
    version: int = 0
