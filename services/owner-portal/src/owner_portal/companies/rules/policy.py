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
        return is_on(self.given.get(name, ""))

    def text(self, name: str) -> str:
        """The text entered for a time."""
        return self.given.get(name, "")


def is_on(typed: str) -> bool:
    """Whether a switch is on."""
    return typed.strip().lower() in {"true", "on", "1"}


def read_seconds(typed: str) -> int | None:
    """Parses whole seconds, MIN_SECONDS to MAX_SECONDS; None if they are invalid."""
    text = typed.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_SECONDS))):
        return None
    return int(text) if MIN_SECONDS <= int(text) <= MAX_SECONDS else None
