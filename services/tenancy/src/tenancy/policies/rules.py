"""What the trackers of a company record."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from uuid import UUID

from servicekit.errors import InvalidInput

SHORTEST_INTERVAL = 30  # seconds; the tracker knows no shorter one
LONGEST_INTERVAL = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class TrackingPolicy:
    """Times are whole seconds. `version` grows with every change; 0: not in force yet."""

    screenshots_enabled: bool
    screenshot_interval_seconds: int
    website_tracking_enabled: bool
    app_tracking_enabled: bool
    idle_detection_enabled: bool
    idle_threshold_seconds: int
    version: int = 0

    @classmethod
    def checked(
        cls,
        *,
        screenshots_enabled: bool,
        screenshot_interval_seconds: int,
        website_tracking_enabled: bool,
        app_tracking_enabled: bool,
        idle_detection_enabled: bool,
        idle_threshold_seconds: int,
    ) -> Self:
        """InvalidInput names the first time that is out of range."""
        for name, seconds in (
            ("screenshot_interval_seconds", screenshot_interval_seconds),
            ("idle_threshold_seconds", idle_threshold_seconds),
        ):
            if not SHORTEST_INTERVAL <= seconds <= LONGEST_INTERVAL:
                message = f"policy.{name} is {seconds}: give {SHORTEST_INTERVAL} to {LONGEST_INTERVAL} seconds"
                raise InvalidInput(message)
        return cls(
            screenshots_enabled=screenshots_enabled,
            screenshot_interval_seconds=screenshot_interval_seconds,
            website_tracking_enabled=website_tracking_enabled,
            app_tracking_enabled=app_tracking_enabled,
            idle_detection_enabled=idle_detection_enabled,
            idle_threshold_seconds=idle_threshold_seconds,
        )

    def in_force(self, at: datetime, *, after: int = 0) -> Self:
        """This policy with its version: the second it starts at, but more than that of the policy before it.

        A tracker keeps its settings when it changes hands and takes newer ones only; seconds compare between companies.
        """
        return replace(self, version=max(int(at.timestamp()), after + 1))


# What a tracker does that was told nothing.
DEFAULT_POLICY = TrackingPolicy(
    screenshots_enabled=True,
    screenshot_interval_seconds=120,
    website_tracking_enabled=True,
    app_tracking_enabled=True,
    idle_detection_enabled=True,
    idle_threshold_seconds=300,
)


@dataclass(frozen=True, slots=True)
class CompanyPolicyChanged:
    company_id: UUID
    revision: int
    policy: TrackingPolicy
