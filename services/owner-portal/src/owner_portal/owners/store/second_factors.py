"""The second factor of an owner: its sealed secret, the last code that was taken, and recovery codes by digest."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# A confirmed second factor is not changed.
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
    """The secret as it is stored; before it is `confirmed` by a code it has no effect."""

    secret: bytes = field(repr=False)
    confirmed: bool


async def offer(tx: AsyncConnection, *, owner_id: UUID, secret: bytes) -> bool:
    """Stores an unconfirmed secret, replacing an earlier unconfirmed one; False: one is confirmed."""
    return (await tx.execute(_OFFER, {"owner_id": owner_id, "secret": secret})).one_or_none() is not None


async def find(tx: AsyncConnection, owner_id: UUID) -> SealedFactor | None:
    """The owner's second factor, confirmed or offered."""
    row = (await tx.execute(_FIND, {"owner_id": owner_id})).one_or_none()
    return SealedFactor(**row._asdict()) if row else None


async def take_step(tx: AsyncConnection, *, owner_id: UUID, step: int) -> bool:
    """Uses the code of a time step and all earlier ones, and confirms the secret; False: it was already used."""
    return (await tx.execute(_TAKE_STEP, {"owner_id": owner_id, "step": step})).one_or_none() is not None


async def remove(tx: AsyncConnection, owner_id: UUID) -> None:
    """Removes the second factor and its recovery codes."""
    await tx.execute(_REMOVE, {"owner_id": owner_id})
    await tx.execute(_REMOVE_CODES, {"owner_id": owner_id})


async def replace_codes(tx: AsyncConnection, *, owner_id: UUID, digests: Sequence[bytes]) -> None:
    """Replaces the recovery codes."""
    await tx.execute(_REMOVE_CODES, {"owner_id": owner_id})
    await tx.execute(_ADD_CODES, {"owner_id": owner_id, "digests": list(digests)})


async def take_code(tx: AsyncConnection, *, owner_id: UUID, digest: bytes) -> bool:
    """Uses a recovery code; False: there is no such code."""
    return (await tx.execute(_TAKE_CODE, {"owner_id": owner_id, "digest": digest})).one_or_none() is not None


async def count_codes(tx: AsyncConnection, owner_id: UUID) -> int:
    """How many recovery codes are left."""
    number: int = (await tx.execute(_COUNT_CODES, {"owner_id": owner_id})).scalar_one()
    return number
