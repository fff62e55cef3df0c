"""The use of company keys, as the gateways report it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from servicekit.errors import InvalidInput
from tenancy.sync.rules import not_after

DIGEST_LENGTH = 32
MAX_USES = 10_000
MAX_DEVICES = 2**31 - 1


@dataclass(frozen=True, slots=True)
class KeyUse:
    """The last use of a key, and the number of its devices at `counted_at`.

    `newest` is its digest under the newest pepper of the reporter, `newest_pepper_id`; both are given or neither.
    """

    company_id: UUID
    digest: bytes
    last_used_at: datetime
    devices: int
    counted_at: datetime
    newest: bytes | None = None
    newest_pepper_id: str = ""

    def at_most(self, now: datetime) -> "KeyUse":
        """The use with times in the future replaced by `now`; they would otherwise exceed all true times."""
        return replace(self, last_used_at=not_after(now, self.last_used_at), counted_at=not_after(now, self.counted_at))


def check_digest(digest: bytes, what: str) -> bytes:
    """InvalidInput names the field `what` when its length is not that of a digest."""
    if len(digest) != DIGEST_LENGTH:
        raise InvalidInput(f"{what} has {len(digest)} bytes: a digest has {DIGEST_LENGTH}", field=what)
    return digest


def check_devices(devices: int) -> int:
    """InvalidInput above the maximum."""
    if devices > MAX_DEVICES:
        raise InvalidInput(f"uses.devices is {devices}: give at most {MAX_DEVICES}", field="uses.devices")
    return devices


def latest_uses(uses: Sequence[KeyUse], now: datetime) -> list[KeyUse]:
    """One use of each key, with its latest time and its latest count. InvalidInput for too many uses."""
    if len(uses) > MAX_USES:
        raise InvalidInput(f"uses has {len(uses)} entries: report at most {MAX_USES} at once", field="uses")
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
