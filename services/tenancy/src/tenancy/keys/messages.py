"""Company keys between the contract's messages and the rules."""

from datetime import datetime

from contracts.tenancy.v1 import keys_pb2 as pb
from servicekit.errors import InvalidInput
from servicekit.ids import parse_id
from tenancy.fields.messages import from_timestamp, to_optional_timestamp, to_timestamp
from tenancy.keys.rules.key_use import KeyUse, check_devices, check_digest
from tenancy.keys.rules.keys import CompanyKey, IssuedKey, KeyState

_STATES = {
    KeyState.LIVE: pb.KEY_STATE_LIVE,
    KeyState.ENDING: pb.KEY_STATE_ENDING,
    KeyState.ENDED: pb.KEY_STATE_ENDED,
}


def from_use(message: pb.KeyUse) -> KeyUse:
    """The use of a key. InvalidInput names a field that cannot be read."""
    if not message.HasField("last_used_at"):
        raise InvalidInput("uses.last_used_at is missing: leave the entry out", field="uses.last_used_at")
    last_used_at = from_timestamp(message.last_used_at, "uses.last_used_at")
    newest = message.newest if message.HasField("newest") else None
    return KeyUse(
        company_id=parse_id(message.company_id, "uses.company_id"),
        digest=check_digest(message.digest, "uses.digest"),
        last_used_at=last_used_at,
        devices=check_devices(message.devices),
        counted_at=from_timestamp(message.counted_at, "uses.counted_at")
        if message.HasField("counted_at")
        else last_used_at,
        newest=check_digest(newest.digest, "uses.newest.digest") if newest else None,
        newest_pepper_id=newest.pepper_id if newest else "",
    )


def to_key(key: CompanyKey, now: datetime) -> pb.Key:
    """A company key as the owner sees it."""
    return pb.Key(
        id=str(key.id),
        hint=key.hint,
        created_at=to_timestamp(key.created_at),
        state=_STATES[key.state(now)],
        valid_until=to_optional_timestamp(key.valid_until),
        last_used_at=to_optional_timestamp(key.last_used_at),
        devices=key.devices,
        pepper_id=key.pepper_id,
    )


def to_stored_key(key: IssuedKey) -> str:
    """What a stored response holds in place of a new key's text."""
    return f"{key.pepper_id}:{key.seed.hex()}"


def from_stored_key(text: str) -> IssuedKey:
    """The key of a stored response."""
    pepper_id, seed = text.split(":")
    return IssuedKey(bytes.fromhex(seed), pepper_id)
