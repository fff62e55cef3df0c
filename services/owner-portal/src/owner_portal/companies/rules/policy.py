"""The tracking policy: what the trackers of a company record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

MIN_SECONDS, MAX_SECONDS = 30, 24 * 60 * 60  # seconds, as tenancy takes them
SWITCHES = ("screenshots_enabled", "website_tracking_enabled", "app_tracking_enabled", "idle_detection_enabled")
TIMES = ("screenshot_interval_seconds", "idle_threshold_seconds")


@dataclass(frozen=True, slots=True)
class TrackingPolicy:
    """Times are whole seconds; `version` grows with every change."""

    screenshots_enabled: bool
    screenshot_interval_seconds: int
    website_tracking_enabled: bool
    app_tracking_enabled: bool
    idle_detection_enabled: bool
    idle_threshold_seconds: int
    version: int = 0


@dataclass(frozen=True, slots=True)
class PolicyDraft:
    """A policy as entered in the form."""

    given: Mapping[str, str]

    @classmethod
    def of(cls, policy: TrackingPolicy) -> Self:
        """The form with the current policy."""
        switches = {name: "true" if getattr(policy, name) else "" for name in SWITCHES}
        return cls(switches | {name: str(getattr(policy, name)) for name in TIMES})

    def on(self, name: str) -> bool:
        """Whether a switch is on; browsers omit switches that are off."""
        return self.given.get(name, "").strip().lower() in {"true", "on", "1"}

    def text(self, name: str) -> str:
        """The text entered for a time."""
        return self.given.get(name, "")

    def problems(self) -> dict[str, str]:
        """The problem of each invalid field."""
        return {
            name: f"Enter whole seconds from {MIN_SECONDS} to {MAX_SECONDS:,}."
            for name in TIMES
            if self._seconds(name) is None
        }

    def policy(self) -> TrackingPolicy:
        """The policy; only if `problems` is empty."""
        return TrackingPolicy(
            screenshots_enabled=self.on("screenshots_enabled"),
            screenshot_interval_seconds=self._seconds("screenshot_interval_seconds") or 0,
            website_tracking_enabled=self.on("website_tracking_enabled"),
            app_tracking_enabled=self.on("app_tracking_enabled"),
            idle_detection_enabled=self.on("idle_detection_enabled"),
            idle_threshold_seconds=self._seconds("idle_threshold_seconds") or 0,
        )

    def _seconds(self, name: str) -> int | None:
        typed = self.text(name).strip()
        if not (typed.isascii() and typed.isdigit() and len(typed) <= len(str(MAX_SECONDS))):
            return None
        return int(typed) if MIN_SECONDS <= int(typed) <= MAX_SECONDS else None
