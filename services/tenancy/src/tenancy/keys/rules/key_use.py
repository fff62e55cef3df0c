"""How keys are used, as the gateways report it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from servicekit.errors import InvalidInput
from tenancy.sync.rules import not_after

DIGEST_LENGTH = 32
MOST_USES = 10_000
MOST_DEVICES = 2**31 - 1


@dataclass(frozen=True, slots=True)
class KeyUse:
    """When a key was used last, and by how many devices as of `counted_at`.

    `newest` is the same key's digest under the reporter's newest pepper, `newest_pepper_id`; both or none are given.
    """

    company_id: UUID
    digest: bytes
    last_used_at: datetime
    devices: int
    counted_at: datetime
    newest: bytes | None = None
    newest_pepper_id: str = ""

    def at_most(self, now: datetime) -> "KeyUse":
        """With times in the future drawn in: they would outlast all true ones."""
        return replace(self, last_used_at=not_after(now, self.last_used_at), counted_at=not_after(now, self.counted_at))


def check_digest(digest: bytes, what: str) -> bytes:
    """InvalidInput names `what` when it cannot be a digest."""
    if len(digest) != DIGEST_LENGTH:
        raise InvalidInput(f"{what} has {len(digest)} bytes: a digest has {DIGEST_LENGTH}")
    return digest


def check_devices(devices: int) -> int:
    """InvalidInput when no company has that many."""
    if devices > MOST_DEVICES:
        raise InvalidInput(f"uses.devices is {devices}: give at most {MOST_DEVICES}")
    return devices


def latest_uses(uses: Sequence[KeyUse], now: datetime) -> list[KeyUse]:
    """One use a key: the latest moment it was used at, and the latest count. InvalidInput: too many at once."""
    if len(uses) > MOST_USES:
        raise InvalidInput(f"uses has {len(uses)} entries: report at most {MOST_USES} at once")
    latest: dict[tuple[UUID, bytes], KeyUse] = {}
    for use in sorted((use.at_most(now) for use in uses), key=lambda use: use.counted_at):
        name = use.company_id, use.digest
        before = latest.get(name, use)
        latest[name] = replace(
            use,
            last_used_at=max(use.last_used_at, before.last_used_at),
            newest=use.newest or before.newest,
            newest_pepper_id=use.newest_pepper_id or before.newest_pepper_id,
        )
    return list(latest.values())
