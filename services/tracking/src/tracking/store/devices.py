"""Log-ins of trackers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_INSERT = text("""
    INSERT INTO device (company_id, device_id, employee_id, token_digest, logged_in_at, name)
    VALUES (:company_id, :device_id, :employee_id, :token_digest, :logged_in_at, :name)
""")

CHANGED = "device_changed"  # the channel on which the table's trigger tells of devices that are not what they were

_BY_TOKEN = text("""
    SELECT d.device_id, d.employee_id, e.number, d.logged_in_at, d.clock_offset
    FROM device d JOIN employee e USING (company_id, employee_id)
    WHERE d.token_digest = :token_digest AND d.revoked_at IS NULL AND e.active
""")

_SET_OFFSET = text("UPDATE device SET clock_offset = :clock_offset WHERE device_id = :device_id")

_SAW = text("""
    UPDATE device d SET key_digest = s.digest, last_seen_at = s.at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:digests AS bytea[]), CAST(:times AS timestamptz[])) s (id, digest, at)
    WHERE d.device_id = s.id AND d.last_seen_at IS DISTINCT FROM greatest(d.last_seen_at, s.at)
""")

_USED = text("""
    INSERT INTO key_use AS k (company_id, key_digest, last_used_at)
    SELECT :company_id, s.digest, max(s.at)
    FROM unnest(CAST(:digests AS bytea[]), CAST(:times AS timestamptz[])) s (digest, at)
    GROUP BY s.digest ORDER BY s.digest
    ON CONFLICT (company_id, key_digest) DO UPDATE SET last_used_at = greatest(k.last_used_at, excluded.last_used_at)
""")

_COUNT_BY_KEY = text("""
    SELECT k.key_digest, k.last_used_at, count(d.device_id)
    FROM key_use k LEFT JOIN device d
        ON d.key_digest = k.key_digest AND d.revoked_at IS NULL AND d.last_seen_at >= :since
    GROUP BY k.key_digest, k.last_used_at
""")


@dataclass(frozen=True, slots=True)
class Device:
    """One log-in that is still good. `employee_number` is the employee's id in the desktop protocol."""

    device_id: UUID
    employee_id: UUID
    employee_number: int
    logged_in_at: datetime
    clock_offset: timedelta


async def insert(
    tx: AsyncConnection,
    company_id: UUID,
    *,
    device_id: UUID,
    employee_id: UUID,
    token_digest: bytes,
    logged_in_at: datetime,
    name: str | None = None,
) -> None:
    """Notes a log-in, with a name if its agent gave it one; its clock is taken to be right until a call tells."""
    await tx.execute(
        _INSERT,
        {
            "company_id": company_id,
            "device_id": device_id,
            "employee_id": employee_id,
            "token_digest": token_digest,
            "logged_in_at": logged_in_at,
            "name": name,
        },
    )


async def by_token(tx: AsyncConnection, token_digest: bytes) -> Device | None:
    """The scope's device with that token, unless it was revoked or its account is inactive."""
    row = (await tx.execute(_BY_TOKEN, {"token_digest": token_digest})).one_or_none()
    return Device(*row) if row else None


async def saw(tx: AsyncConnection, company_id: UUID, seen: Mapping[UUID, tuple[bytes, datetime]]) -> None:
    """Notes with which key (digest) the scope's devices called last, and when; an older call changes nothing."""
    in_order = sorted(seen)  # so that two gateways that heard the same devices wait for each other, never in a ring
    digests, times = zip(*(seen[device_id] for device_id in in_order), strict=True)
    calls = {"digests": list(digests), "times": list(times)}
    await tx.execute(_SAW, {"ids": in_order, **calls})
    await tx.execute(_USED, {"company_id": company_id, **calls})


async def count_by_key(tx: AsyncConnection, since: datetime) -> list[tuple[bytes, datetime, int]]:
    """(digest, latest call, devices that are on it and called since) of each key that was ever used in the scope."""
    rows = await tx.execute(_COUNT_BY_KEY, {"since": since})
    return [(digest, last_used_at, count) for digest, last_used_at, count in rows]


async def set_clock_offset(tx: AsyncConnection, device_id: UUID, offset: timedelta) -> None:
    """Notes how far the desktop's clock is behind."""
    await tx.execute(_SET_OFFSET, {"device_id": device_id, "clock_offset": offset})
