"""The rows that a tracker records and posts, and their wire format."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

ActivityKind = Literal["ACTIVE", "INACTIVE"]


def stamp(moment: datetime) -> str:
    """Formats an aware time like a tracker: UTC, no zone, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True, slots=True)
class Window:
    """The window in the foreground: an application, or a web page if `browser` is set."""

    app: str
    title: str
    browser: bool = False
    domain: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    """One closed segment in an application."""

    app: str
    title: str
    seconds: int
    created_at: datetime

    def to_wire(self) -> dict[str, Any]:
        """Returns the JSON object of the upload's `applications`."""
        return {
            "app_name": self.app,
            "window_title": self.title,
            "active_seconds": self.seconds,
            "created_at": stamp(self.created_at),
        }


@dataclass(frozen=True, slots=True)
class WebsiteRow:
    """One closed segment on a website."""

    domain: str
    url: str | None
    seconds: int
    created_at: datetime

    def to_wire(self) -> dict[str, Any]:
        """Returns the JSON object of the upload's `websites`."""
        return {
            "domain": self.domain,
            "url": self.url,
            "active_seconds": self.seconds,
            "created_at": stamp(self.created_at),
        }


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """Accumulated ticks of one kind in one local session since the last 200; `created_at` is the newest tick."""

    local_session: int
    kind: ActivityKind
    seconds: int
    created_at: datetime

    def to_wire(self) -> dict[str, Any]:
        """Returns the JSON object of the upload's `activities`."""
        return {
            "minute_type": self.kind,
            "duration_seconds": self.seconds,
            "created_at": stamp(self.created_at),
        }


@dataclass(frozen=True, slots=True)
class Screenshot:
    """One capture with its session."""

    session_id: int | str
    captured_at: datetime
    png: bytes


@dataclass(frozen=True, slots=True)
class Upload:
    """The content of the local tables at one moment."""

    applications: tuple[ApplicationRow, ...] = ()
    websites: tuple[WebsiteRow, ...] = ()
    activities: tuple[ActivityRow, ...] = ()
    generation: int = 0  # how often the tables had been emptied before

    def to_wire(self) -> dict[str, Any]:
        """Returns the three lists of the upload's body."""
        return {
            "applications": [row.to_wire() for row in self.applications],
            "websites": [row.to_wire() for row in self.websites],
            "activities": [row.to_wire() for row in self.activities],
        }

    def count(self) -> int:
        """Returns the number of rows."""
        return len(self.applications) + len(self.websites) + len(self.activities)
