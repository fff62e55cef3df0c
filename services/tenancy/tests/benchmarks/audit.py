"""How fast a long audit trail is verified: `python audit.py [entries]`.

Reads TENANCY_DATABASE_URL, whose database must be migrated and empty: it writes the trail as the service does, by its
own role, a million entries unless told otherwise.
"""

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from audit_chain import ChainEnd
from servicekit.database import create_engine
from servicekit.ids import new_id
from tenancy.audit.rules import AuditEntry
from tenancy.audit.store import TRAIL
from tenancy.audit.use_cases import verify_audit

MILLION = 1_000_000
BATCH = 5_000

COMPANY = text("""
    INSERT INTO company (id, name, name_key, name_order, email, contact_person, phone, address, time_zone, search_text,
        state, created_at, revision)
    VALUES (:id, 'Audited', 'audited', '', '', '', '', '', 'UTC', 'audited', 'active', now(), 1)
""")
CLOCK = text("UPDATE clock SET revision = :revision")


async def write(engine: AsyncEngine, entries: int) -> None:
    """Suspends and reactivates one company for years."""
    company_id = new_id()
    async with engine.begin() as tx:
        await tx.execute(COMPANY, {"id": company_id})
    end = ChainEnd()
    states = ({"state": "active"}, {"state": "suspended"})
    while end.revision < entries:
        rows = []
        for revision in range(end.revision + 1, min(end.revision + BATCH, entries) + 1):
            before, after = states[:: 1 if revision % 2 else -1]
            entry = AuditEntry(
                revision=revision,
                id=new_id(),
                at=datetime.now(UTC),
                actor="owner@tenantry.example",
                action="suspend" if revision % 2 else "reactivate",
                company_id=company_id,
                reason="the bill of the last month is unpaid",
                request_id="0af7651916cd43dd8448eb211c80319c",
                before=before,
                after=after,
            )
            values = {name: getattr(entry, name) for name in AuditEntry.__slots__}
            values |= {"before": json.dumps(before), "after": json.dumps(after)}
            values |= {"previous": end.hash, "hash": entry.hash(end.hash)}
            end = ChainEnd(revision, values["hash"])
            rows.append(values)
        async with engine.begin() as tx:
            await tx.execute(TRAIL._insert, rows)
            await tx.execute(CLOCK, {"revision": end.revision})


async def main() -> None:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else MILLION
    engine = create_engine(os.environ["TENANCY_DATABASE_URL"], name="benchmark")
    await write(engine, entries)
    started, processor = time.perf_counter(), time.process_time()
    verdict = await verify_audit(engine)
    seconds, processor = time.perf_counter() - started, time.process_time() - processor
    sys.stdout.write(f"{verdict.end.revision} entries, flaw: {verdict.flaw}, ")
    sys.stdout.write(f"{seconds:.1f} s, {verdict.end.revision / seconds:,.0f} entries/s, {processor:.1f} s CPU\n")
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
