"""A restart of the database causes no errors."""

import pytest
from sqlalchemy import text

from owner_portal.db.store import connections
from owner_portal.db.store.connections import try_rested
from owner_portal.db.store.reading import reading
from servicekit.database import create_engine

PID = text("SELECT pg_backend_pid()")


async def test_a_rested_connection_is_replaced_when_it_has_died(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "REST", 0.0)
    engine = try_rested(create_engine(environment["PORTAL_DATABASE_URL"], name="test", pool_size=1, ping=False))
    killer = create_engine(environment["PORTAL_DATABASE_URL"], name="test", pool_size=1)
    pids = []
    for _ in range(2):
        async with reading(engine) as connection:
            pids.append((await connection.execute(PID)).scalar_one())
        async with killer.begin() as tx:
            await tx.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pids[-1]})
    assert pids[0] != pids[1]
    await engine.dispose()
    await killer.dispose()
