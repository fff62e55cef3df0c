"""The statements of an audit trail. The service's role may add and read entries and nothing else."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, Generic, TypeVar

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from audit_chain import GENESIS, ChainEnd, Entry, LinkedEntry, Verification, verify_all

PAGE_SIZE = 1_000  # entries that are read at once while a trail is verified

_SNAPSHOT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
_RANGES = {"since": "at >= :since", "until": "at < :until", "before": "revision < :before"}

E = TypeVar("E", bound=Entry)


class AuditTrail(Generic[E]):
    """The trail in one table, which has a column for each field of its entries, and `previous` and `hash`."""

    def __init__(self, table: str, entry: type[E], *, facts: Iterable[str], filters: Iterable[str]) -> None:
        """`entry` is a dataclass with `revision` and `at`; `facts` are its fields that are stored as JSON.

        `filters` are the fields by which entries can be searched, beside `since`, `until` and `before`.
        """
        self._entry = entry
        self._names = [field.name for field in fields(entry)]  # type: ignore[arg-type] # Entry is a protocol
        self._facts = frozenset(facts)
        self._filters = {name: f"{name} = :{name}" for name in filters} | _RANGES
        columns = ", ".join([*self._names, "previous", "hash"])
        values = ", ".join(f"CAST(:{name} AS jsonb)" if name in self._facts else f":{name}" for name in self._names)
        self._last_hash = text(f"SELECT hash FROM {table} ORDER BY revision DESC LIMIT 1")
        self._insert = text(f"INSERT INTO {table} ({columns}) VALUES ({values}, :previous, :hash)")
        self._select = f"SELECT {columns} FROM {table}"
        self._first = text(f"{self._select} ORDER BY revision LIMIT :limit")
        self._after = text(f"{self._select} WHERE revision > :after ORDER BY revision LIMIT :limit")

    async def append(self, tx: AsyncConnection, entry: E) -> None:
        """Adds an entry to the chain. The caller holds a lock under which no other transaction adds one."""
        previous = (await tx.execute(self._last_hash)).scalar_one_or_none() or GENESIS
        values = {name: self._value(name, getattr(entry, name)) for name in self._names}
        await tx.execute(self._insert, values | {"previous": previous, "hash": entry.hash(previous)})

    async def search(self, tx: AsyncConnection, filters: Mapping[str, object], *, limit: int) -> list[LinkedEntry[E]]:
        """The newest `limit` entries that pass all filters, newest first; a filter of None lets everything pass.

        `since` is inclusive, `until` and `before` (a revision) are not.
        """
        values = {name: value for name, value in filters.items() if value is not None}
        where = " AND ".join(["true", *(self._filters[name] for name in values)])
        statement = text(f"{self._select} WHERE {where} ORDER BY revision DESC LIMIT :limit")
        return [self._linked(row) for row in await tx.execute(statement, values | {"limit": limit})]

    async def verify(
        self,
        tx: AsyncConnection,
        newest: Callable[[AsyncConnection], Awaitable[int]],
        *,
        known: ChainEnd | None = None,
    ) -> Verification:
        """How far the trail is whole, and whether it leads through the `known` entry.

        `newest` reads the revision at which the trail must end. Call it before anything else in the transaction: the
        trail and that revision are read as of one moment.
        """
        await tx.execute(_SNAPSHOT)
        end = await newest(tx)

        async def page(after: int | None) -> list[LinkedEntry[E]]:
            statement, values = (self._first, {}) if after is None else (self._after, {"after": after})
            return [self._linked(row) for row in await tx.execute(statement, values | {"limit": PAGE_SIZE})]

        return await verify_all(page, end, known)

    def _value(self, name: str, value: object) -> object:
        if name not in self._facts or value is None:
            return value
        return json.dumps(dict(value))  # type: ignore[call-overload] # facts are mappings

    def _linked(self, row: Row[Any]) -> LinkedEntry[E]:
        columns = row._mapping
        return LinkedEntry(
            self._entry(**{name: columns[name] for name in self._names}), columns["previous"], columns["hash"]
        )
