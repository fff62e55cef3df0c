"""What a company's trackers record, as its owner's contract with the platform has it."""

from dataclasses import dataclass
from datetime import datetime


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

    def version_for(self, signed_in_at: datetime) -> int:
        """The version that a device which was signed in then is told: one that only grows on any desktop.

        An agent takes a configuration only when its version exceeds the one it has, and keeps that one when another
        person or company signs in there. A sign-in and a change of policy are seconds of the same clock; doubled, so
        that a change still counts in the second of a sign-in.
        """
        return max(2 * int(signed_in_at.timestamp()), 2 * self.version + 1)
