"""Optimistic locking of forms: a form read at an older version is refused and overwrites nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from servicekit.errors import Conflict


@dataclass(frozen=True, slots=True)
class Editor:
    """The editor, and the version that their form was read at."""

    employee_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class LastEdit:
    """Who last edited something, and when; unknown for edits from before versions were recorded."""

    version: int
    by: str | None = None
    at: datetime | None = None


def differences(saved: Mapping[str, str], typed: Mapping[str, str]) -> dict[str, str]:
    """The saved values that differ from the typed ones, by label."""
    return {label: value for label, value in saved.items() if value != typed[label]}


def changed_meanwhile(last: LastEdit, saved: Mapping[str, str]) -> str:
    """The message for the second editor: who was first, when (UTC), and the saved values that differ."""
    who = last.by or "somebody else"
    when = f" on {last.at.day} {last.at:%b %Y at %H:%M} UTC" if last.at else ""
    values = "; ".join(f"{label}: {value or '(empty)'}" for label, value in saved.items())
    now = f" Saved now: {values}." if values else ""
    return f"Changed meanwhile by {who}{when}.{now} Nothing of yours is saved yet: check it below and save again."


class Stale(Conflict):
    """The form was read at an older version. `version` is that of the sender's next attempt."""

    def __init__(self, last: LastEdit, saved: Mapping[str, str]) -> None:
        """`saved`: the stored values that differ from the typed ones, by label."""
        super().__init__(changed_meanwhile(last, saved))
        self.version = last.version
