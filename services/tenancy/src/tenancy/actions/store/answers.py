"""Answers to requests that may be repeated: kept for a day beside what they did."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tenancy.actions.rules.action import Once

KEPT = timedelta(hours=24)

T = TypeVar("T")

_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}  # making one takes longer than using it

_FIND = text("SELECT fingerprint, answer FROM kept_answer WHERE key = :key")

_KEEP = text("""
    INSERT INTO kept_answer (key, fingerprint, answer, kept_until)
    VALUES (:key, :fingerprint, CAST(:answer AS jsonb), now() + :kept)
""")

_FORGET = text("DELETE FROM kept_answer WHERE kept_until <= now()")


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What a request was answered with; `fingerprint` stands for the request."""

    fingerprint: bytes
    content: Any

    def read(self, kind: type[T]) -> T:
        """The answer itself; the fingerprint tells that it is of that kind."""
        return _adapter(kind).validate_python(self.content)


async def find(tx: AsyncConnection, key: str) -> KeptAnswer | None:
    """The answer kept under a key; forget what is too old first."""
    row = (await tx.execute(_FIND, {"key": key})).one_or_none()
    return KeptAnswer(row.fingerprint, row.answer) if row else None


async def keep(tx: AsyncConnection, once: Once, answer: T, kind: type[T]) -> None:
    """Keeps an answer under a key that has none."""
    content = _adapter(kind).dump_json(answer).decode()
    await tx.execute(_KEEP, {"key": once.key, "fingerprint": once.fingerprint, "answer": content, "kept": KEPT})


async def forget(tx: AsyncConnection) -> int:
    """Removes what has been kept long enough; how many answers that were. The caller holds the clock."""
    return (await tx.execute(_FORGET)).rowcount


def _adapter(kind: type[T]) -> TypeAdapter[T]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]
