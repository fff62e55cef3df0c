"""The keys that were used, in the table `idempotency_key` of the service's own database."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from servicekit.errors import Conflict

RESPONSE_RETENTION = timedelta(hours=24)
FIELD = "action.idempotency_key"

TABLE = """
CREATE TABLE idempotency_key (
    key text PRIMARY KEY,
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    response bytea,
    used_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE idempotency_key IS 'Idempotency keys that were used. A key is kept for good, its response for a day';
CREATE INDEX idempotency_key_responses ON idempotency_key (used_at) WHERE response IS NOT NULL;
"""
"""The service's role needs SELECT, INSERT and UPDATE (response)."""

_FIND = text("""
    SELECT fingerprint, CASE WHEN used_at > now() - CAST(:retention AS interval) THEN response END AS response
    FROM idempotency_key WHERE key = :key
""")

_ADD = text("INSERT INTO idempotency_key (key, fingerprint, response) VALUES (:key, :fingerprint, :response)")

_CLEAR = text("""
    UPDATE idempotency_key SET response = NULL WHERE key IN (
        SELECT key FROM idempotency_key
        WHERE response IS NOT NULL AND used_at <= now() - CAST(:retention AS interval) FOR UPDATE SKIP LOCKED
    )
""")

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request that has an idempotency key.

    `fingerprint` are 32 bytes that two requests have in common only when they ask for the same; `serialise` makes the
    stored response of the request's result.
    """

    key: str
    fingerprint: bytes
    serialise: Callable[[Any], bytes]


class AlreadyAnswered(Exception):
    """The request was carried out before; `response` is what it was answered with."""

    def __init__(self, response: bytes) -> None:
        super().__init__("the request was carried out before")
        self.response = response


async def once(tx: AsyncConnection, request: KeyedRequest, act: Callable[[], Awaitable[R]]) -> R:
    """The result of `act`, in whose transaction the key and its response are stored.

    AlreadyAnswered when the request was carried out before. Conflict when its key belongs to another request, or when
    its response is no longer kept. When `act` raises, the key stays free. The caller holds a lock under which no other
    transaction uses the same key.
    """
    row = (await tx.execute(_FIND, {"key": request.key, "retention": RESPONSE_RETENTION})).one_or_none()
    if row is not None:
        if row.fingerprint != request.fingerprint:
            raise Conflict(f"{FIELD} was used for another request: take a new key for each request", field=FIELD)
        if row.response is None:
            raise Conflict(
                f"{FIELD} was used more than 24 hours ago: check what the request did, and take a new key to repeat it",
                field=FIELD,
            )
        raise AlreadyAnswered(row.response)
    result = await act()
    values = {"key": request.key, "fingerprint": request.fingerprint, "response": request.serialise(result)}
    await tx.execute(_ADD, values)
    return result


async def clear_responses(tx: AsyncConnection) -> int:
    """Removes the responses that are no longer kept; returns their number."""
    return (await tx.execute(_CLEAR, {"retention": RESPONSE_RETENTION})).rowcount
