"""Several people may edit the same thing: whoever began with an older version is told, and overwrites nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from servicekit.errors import Conflict


@dataclass(frozen=True, slots=True)
class Editor:
    """Who edits, and the version that their form began with."""

    employee_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class LastEdit:
    """Who edited something last, and when; unknown of what nobody has edited since versions are kept."""

    version: int
    by: str | None = None
    at: datetime | None = None


def differences(saved: Mapping[str, str], typed: Mapping[str, str]) -> dict[str, str]:
    """What is saved, by label, where it is not what was typed."""
    return {label: value for label, value in saved.items() if value != typed[label]}


def changed_meanwhile(last: LastEdit, saved: Mapping[str, str]) -> str:
    """What the second editor is told: who was first, when (UTC), and what is saved now where it differs."""
    who = last.by or "somebody else"
    when = f" on {last.at.day} {last.at:%b %Y at %H:%M} UTC" if last.at else ""
    values = "; ".join(f"{label}: {value or '(empty)'}" for label, value in saved.items())
    now = f" Saved now: {values}." if values else ""
    return f"Changed meanwhile by {who}{when}.{now} Nothing of yours is saved yet: check it below and save again."


class Stale(Conflict):
    """The form began with an older version. `version` is the one that its next attempt has seen."""

    def __init__(self, last: LastEdit, saved: Mapping[str, str]) -> None:
        """`saved`: what is stored now, by label, where it is not what was typed."""
        super().__init__(changed_meanwhile(last, saved))
        self.version = last.version
