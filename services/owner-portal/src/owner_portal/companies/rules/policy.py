"""What the trackers of a company record: shown to the owner, changed by the owner, carried out elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

SHORTEST, LONGEST = 30, 24 * 60 * 60  # seconds, as tenancy takes them
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
    """A policy as it was typed in."""

    given: Mapping[str, str]

    @classmethod
    def of(cls, policy: TrackingPolicy) -> Self:
        """What the form shows at first."""
        switches = {name: "true" if getattr(policy, name) else "" for name in SWITCHES}
        return cls(switches | {name: str(getattr(policy, name)) for name in TIMES})

    def on(self, name: str) -> bool:
        """Whether a switch is on; a browser leaves out those that are off."""
        return self.given.get(name, "").strip().lower() in {"true", "on", "1"}

    def text(self, name: str) -> str:
        """What was typed as a time."""
        return self.given.get(name, "")

    def problems(self) -> dict[str, str]:
        """What is wrong with each field; empty when all is well."""
        return {
            name: f"Enter whole seconds from {SHORTEST} to {LONGEST:,}."
            for name in TIMES
            if self._seconds(name) is None
        }

    def policy(self) -> TrackingPolicy:
        """The policy; ask for `problems` first."""
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
        if not (typed.isascii() and typed.isdigit() and len(typed) <= len(str(LONGEST))):
            return None
        return int(typed) if SHORTEST <= int(typed) <= LONGEST else None
