"""A company's tracking policy: what its trackers record."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TrackingPolicy:
    """`version` is the Unix second of the latest change and never decreases."""

    screenshots_enabled: bool = True
    screenshot_interval_seconds: int = 120
    website_tracking_enabled: bool = True
    app_tracking_enabled: bool = True
    idle_detection_enabled: bool = True
    idle_threshold_seconds: int = 300
    version: int = 0

    def version_for(self, signed_in_at: datetime) -> int:
        """The configuration version for a device that signed in at that moment. It never decreases on any desktop.

        An agent applies a configuration only if its version is higher than the current one, and keeps that version when
        another person or company signs in on the same desktop. Sign-ins and policy changes are both Unix seconds;
        doubling them lets a policy change win within the second of a sign-in.
        """
        return max(2 * int(signed_in_at.timestamp()), 2 * self.version + 1)
