"""The second factor of an owner: its sealed secret, the last code that was taken, and recovery codes by digest."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# A confirmed one stays as it is.
_OFFER = text("""
    INSERT INTO second_factor AS f (owner_id, secret) VALUES (:owner_id, :secret)
    ON CONFLICT (owner_id) DO UPDATE SET secret = excluded.secret, last_step = 0
    WHERE f.confirmed_at IS NULL
    RETURNING owner_id
""")

_FIND = text("SELECT secret, confirmed_at IS NOT NULL AS confirmed FROM second_factor WHERE owner_id = :owner_id")

_TAKE_STEP = text("""
    UPDATE second_factor SET last_step = :step, confirmed_at = coalesce(confirmed_at, now())
    WHERE owner_id = :owner_id AND last_step < :step
    RETURNING owner_id
""")

_REMOVE = text("DELETE FROM second_factor WHERE owner_id = :owner_id")

_REMOVE_CODES = text("DELETE FROM recovery_code WHERE owner_id = :owner_id")

_ADD_CODES = text("""
    INSERT INTO recovery_code (owner_id, digest)
    SELECT :owner_id, digest FROM unnest(CAST(:digests AS bytea[])) AS given (digest)
""")

_TAKE_CODE = text("DELETE FROM recovery_code WHERE owner_id = :owner_id AND digest = :digest RETURNING owner_id")

_COUNT_CODES = text("SELECT count(*) FROM recovery_code WHERE owner_id = :owner_id")


@dataclass(frozen=True, slots=True)
class SealedFactor:
    """The secret as it is stored; until it is `confirmed` by a code it protects nothing."""

    secret: bytes = field(repr=False)
    confirmed: bool


async def offer(tx: AsyncConnection, *, owner_id: UUID, secret: bytes) -> bool:
    """Stores a secret that is to be confirmed, in place of one that never was; False when one is confirmed."""
    return (await tx.execute(_OFFER, {"owner_id": owner_id, "secret": secret})).one_or_none() is not None


async def find(tx: AsyncConnection, owner_id: UUID) -> SealedFactor | None:
    """The owner's second factor, confirmed or offered."""
    row = (await tx.execute(_FIND, {"owner_id": owner_id})).one_or_none()
    return SealedFactor(**row._asdict()) if row else None


async def take_step(tx: AsyncConnection, *, owner_id: UUID, step: int) -> bool:
    """Uses up the code of a step, and all before, and confirms an offer; False when it was used up already."""
    return (await tx.execute(_TAKE_STEP, {"owner_id": owner_id, "step": step})).one_or_none() is not None


async def remove(tx: AsyncConnection, owner_id: UUID) -> None:
    """The account needs a password alone from now on."""
    await tx.execute(_REMOVE, {"owner_id": owner_id})
    await tx.execute(_REMOVE_CODES, {"owner_id": owner_id})


async def replace_codes(tx: AsyncConnection, *, owner_id: UUID, digests: Sequence[bytes]) -> None:
    """These recovery codes count, and no others."""
    await tx.execute(_REMOVE_CODES, {"owner_id": owner_id})
    await tx.execute(_ADD_CODES, {"owner_id": owner_id, "digests": list(digests)})


async def take_code(tx: AsyncConnection, *, owner_id: UUID, digest: bytes) -> bool:
    """Uses up a recovery code; False when there is no such code."""
    return (await tx.execute(_TAKE_CODE, {"owner_id": owner_id, "digest": digest})).one_or_none() is not None


async def count_codes(tx: AsyncConnection, owner_id: UUID) -> int:
    """How many recovery codes are left."""
    number: int = (await tx.execute(_COUNT_CODES, {"owner_id": owner_id})).scalar_one()
    return number
