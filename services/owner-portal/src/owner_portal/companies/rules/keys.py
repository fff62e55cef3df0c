"""A company's keys without their text, with the devices that still use them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID


class KeyState(StrEnum):
    """Whether a key is valid. ENDING: until the end of its grace period."""

    LIVE = "LIVE"
    ENDING = "ENDING"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class Key:
    """`hint`: its last four characters. `devices` use it, as of tenancy's last report; None: never, or no end."""

    key_id: UUID
    hint: str
    state: KeyState
    created_at: datetime
    valid_until: datetime | None
    last_used_at: datetime | None
    devices: int


class Grace(StrEnum):
    """How long the old keys remain valid after a rotation."""

    NONE = "none"
    HOUR = "1h"
    DAY = "24h"
    WEEK = "7d"

    @property
    def length(self) -> timedelta:
        return {
            Grace.NONE: timedelta(0),
            Grace.HOUR: timedelta(hours=1),
            Grace.DAY: timedelta(hours=24),
            Grace.WEEK: timedelta(days=7),
        }[self]

    @property
    def label(self) -> str:
        return {
            Grace.NONE: "None: the old key stops working immediately",
            Grace.HOUR: "1 hour",
            Grace.DAY: "24 hours",
            Grace.WEEK: "7 days",
        }[self]


def opening(keys: Sequence[Key]) -> list[Key]:
    """The valid keys, newest first."""
    return [key for key in keys if key.state is not KeyState.ENDED]


def devices_on_old(keys: Sequence[Key]) -> int:
    """The number of devices that will be refused when the grace period of their key ends."""
    return sum(key.devices for key in keys if key.state is KeyState.ENDING)
