"""How long pages of 10,000 companies take beside a raw SELECT of the same rows: p50 and p99 in milliseconds.

Reads TENANCY_DATABASE_URL, whose database must be migrated and may be filled: `python listing.py`. It adds what is
missing up to 10,000 companies. The raw SELECT has the ids of the page and gets the same columns of the same tables.
"""

import asyncio
import os
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.database import create_engine
from tenancy.companies.rules.company import CompanyState
from tenancy.companies.rules.listing import Question, Sort
from tenancy.companies.use_cases.list_companies import list_companies

COMPANIES = 10_000
ROUNDS = 300
PAGE = 50

FILL = text("""
    WITH word AS (SELECT ARRAY['north', 'south', 'alpha', 'omega', 'green', 'solar', 'metal', 'river'] AS w),
    new AS (
        INSERT INTO company (id, name, name_key, name_order, email, contact_person, phone, address, time_zone,
            search_text, state, created_at, revision)
        SELECT gen_random_uuid(), name, lower(name), convert_to(lower(name), 'UTF8'),
            'office@' || n || '.example', 'Contact ' || n, '', '', 'UTC',
            lower(name) || E'\\noffice@' || n || E'.example\\ncontact ' || n,
            CASE WHEN n % 10 = 0 THEN 'suspended' ELSE 'active' END, now() - n * interval '1 minute', -n
        FROM (SELECT n, w[1 + n % 8] || ' ' || w[1 + n / 8 % 8] || ' ' || n AS name
            FROM word, generate_series(1 + (SELECT count(*) FROM company), :companies) n) named
        RETURNING id, created_at
    ), key AS (
        INSERT INTO company_key (id, company_id, hint, created_at)
        SELECT gen_random_uuid(), id, 'abcd', created_at FROM new
    )
    INSERT INTO company_sync (company_id, last_sync_at, updated_at)
    SELECT id, now() - random() * interval '1 day', now() FROM new WHERE random() < 0.9
""")

RAW = text("""
    SELECT c.id, c.name, c.email, c.contact_person, c.phone, c.address, c.time_zone, c.state, c.created_at, c.revision,
        s.last_sync_at, l.digest, k.hint
    FROM company c LEFT JOIN company_sync s ON s.company_id = c.id LEFT JOIN company_logo l ON l.company_id = c.id
    LEFT JOIN company_key k ON k.company_id = c.id WHERE c.id = ANY(:ids)
""")

ASKED = {
    "by name": Question("", (), Sort.NAME, descending=False),
    "by creation, newest first": Question("", (), Sort.CREATED_AT, descending=True),
    "by last sync, oldest first": Question("", (), Sort.LAST_SYNC_AT, descending=False),
    "active, by name": Question("", (CompanyState.ACTIVE,), Sort.NAME, descending=False),
    "search 'solar' (2,300 hits)": Question("solar", (), Sort.NAME, descending=False),
    "search 'solar', by last sync": Question("solar", (), Sort.LAST_SYNC_AT, descending=True),
    "search '@4711.' (1 hit)": Question("@4711.", (), Sort.NAME, descending=False),
    "search 'zz' (none)": Question("zz", (), Sort.NAME, descending=False),
}


async def timed(call: Callable[[], Awaitable[object]]) -> str:
    """p50 and p99 of many calls."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        await call()
        times.append((time.perf_counter() - started) * 1_000)
    return f"{statistics.median(times):8.2f} {statistics.quantiles(times, n=100)[-1]:8.2f}"


async def compare(engine: AsyncEngine, question: Question) -> str:
    """The second page of a question, or its only one, and a raw SELECT of the rows on it."""
    first = await list_companies(engine, question=question, size=PAGE, token="")
    token = first.next_token

    async def page() -> None:
        await list_companies(engine, question=question, size=PAGE, token=token)

    shown = await list_companies(engine, question=question, size=PAGE, token=token)
    ids: list[UUID] = [company.id for company in shown.companies]

    async def raw() -> None:
        async with engine.begin() as tx:
            (await tx.execute(RAW, {"ids": random.sample(ids, len(ids))})).all()

    return f"{await timed(page)} | {await timed(raw)}  {len(ids):4} of {shown.total}"


async def main() -> None:
    engine = create_engine(os.environ["TENANCY_DATABASE_URL"], name="benchmark")
    async with engine.begin() as tx:
        await tx.execute(FILL, {"companies": COMPANIES})
    sys.stdout.write(f"{'milliseconds':32} page p50      p99 |  raw p50      p99  rows\n")
    for name, question in ASKED.items():
        sys.stdout.write(f"{name:32} {await compare(engine, question)}\n")
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
