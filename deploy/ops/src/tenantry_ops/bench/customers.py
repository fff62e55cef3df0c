"""10,000 additional customers with 8 to 14 months of subscriptions, written directly into the services' databases.

Their revisions come from the services' revision clocks, so the portal and the gateway copy them like any others.
"""

import time
from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

import psycopg

from tenantry_ops.bench.results import BenchmarkFailed
from tenantry_ops.bench.rig import Rig

CUSTOMERS = 10_000
COPIED_SECONDS = 30.0
POLL_SECONDS = 0.1

# One in ten is suspended, one in ten has never synced. Sync times are dated back, so that nothing reports them again.
COMPANIES = """
WITH clock AS (
    UPDATE clock SET revision = revision + %(customers)s RETURNING revision
), named AS (
    SELECT n, w[1 + n %% 8] || ' ' || w[1 + n / 8 %% 8] || ' ' || n AS name,
           'office@customer-' || n || '.example' AS email
    FROM (SELECT ARRAY['north', 'south', 'alpha', 'omega', 'green', 'solar', 'metal', 'river'] AS w) word,
         generate_series(1, %(customers)s) n
), added AS (
    INSERT INTO company (id, name, name_key, name_order, email, contact_person, phone, address, time_zone, search_text,
        state, created_at, revision)
    SELECT uuidv7(), initcap(name), name, convert_to(name, 'UTF8'), email, 'Contact ' || n, '+1 555 0100',
           '1 Imaginary Lane', 'UTC', concat_ws(E'\\n', name, email, 'contact ' || n),
           CASE WHEN n %% 10 = 0 THEN 'suspended' ELSE 'active' END,
           now() - interval '15 months', clock.revision - %(customers)s + n
    FROM named, clock
    RETURNING id, created_at, revision
), policy AS (
    INSERT INTO tracking_policy
    SELECT id, true, 120, true, true, true, 300, extract(epoch FROM created_at) FROM added
), key AS (
    INSERT INTO company_key (id, company_id, hint, created_at) SELECT uuidv7(), id, '0000', created_at FROM added
), sync AS (
    INSERT INTO company_sync SELECT id, at, at
    FROM (SELECT id, now() - interval '1 minute' * (1 + revision) AS at FROM added WHERE revision %% 10 > 0) heard
)
SELECT id FROM added
"""

# Of ten companies, one never pays, one leaves, one leaves and returns, one upgrades; the others renew every month.
SUBSCRIPTIONS = """
WITH clock AS (
    UPDATE clock SET revision = revision RETURNING revision
), month AS (
    SELECT id, m, began + m * interval '1 month' AS at, began + (m - 1) * interval '1 month' AS last,
           began + (m + 1) * interval '1 month' AS next,
           CASE WHEN m = 0 OR sort = 0 OR sort = 1 AND m >= 7 OR sort = 2 AND m IN (4, 5) THEN 0
                WHEN sort = 3 AND m >= 6 THEN 49900 ELSE 9900 END AS pays
    FROM (SELECT id, n %% 10 AS sort, age,
                 date_trunc('day', now()) - age * interval '1 month' - n %% 20 * interval '1 day' AS began
          FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS customer (id, n), LATERAL (SELECT 8 + n %% 7 AS age) months
         ) customer, generate_series(0, age) m
), change AS (
    SELECT *, pays - paid AS moved
    FROM (SELECT *, lag(pays, 1, 0) OVER (PARTITION BY id ORDER BY m) AS paid FROM month) month
    WHERE m <= 1 OR pays > 0 OR paid > 0
), written AS (
    INSERT INTO subscription (
        company_id, revision, plan_code, plan_version, kind, state, started_at, expires_at, charged_until,
        charged_since, charge_accrued, billing_day, has_paid, monthly_revenue, revenue_change, movement, actor, reason,
        changed_at, superseded_at)
    SELECT id, clock.revision + row_number() OVER (ORDER BY at, id),
           CASE pays WHEN 49900 THEN 'ENTERPRISE' ELSE 'PRO' END, 1,
           CASE WHEN m = 0 THEN 'TRIAL_STARTED' WHEN m = 1 AND pays > 0 THEN 'TRIAL_CONVERTED'
                WHEN m = 1 THEN 'TRIAL_EXPIRED' WHEN pays = 0 THEN 'EXPIRED'
                WHEN moved > 0 AND paid > 0 THEN 'PLAN_CHANGED' ELSE 'RENEWED' END,
           CASE WHEN m = 0 THEN 'TRIAL' WHEN pays > 0 THEN 'ACTIVE' ELSE 'EXPIRED' END,
           CASE WHEN m = 0 OR pays > 0 THEN at ELSE last END, CASE WHEN m = 0 OR pays > 0 THEN next ELSE at END,
           CASE WHEN pays > 0 THEN next END, CASE WHEN pays > 0 THEN at END, CASE WHEN pays > 0 THEN 0 END,
           CASE WHEN pays > 0 THEN extract(day FROM at) END, pays > 0 OR m > 1, pays, moved,
           CASE WHEN moved = 0 THEN NULL WHEN pays = 0 THEN 'CHURN' WHEN paid > 0 THEN 'EXPANSION'
                WHEN m = 1 THEN 'NEW' ELSE 'REACTIVATION' END,
           'benchmark', '', at, lead(at) OVER (PARTITION BY id ORDER BY m)
    FROM change, clock
    RETURNING revision
)
SELECT max(revision) FROM written
"""

CLOCK = "UPDATE clock SET revision = %s"

USAGE = """
INSERT INTO usage_level (company_id, month, day, revision, seats, storage_bytes)
SELECT id, date_trunc('month', now()), now(), 1, 17, 10^10 FROM unnest(%s::uuid[]) id
"""

COMPANIES_HELD = "SELECT count(*) FROM company"
SUBSCRIPTIONS_HELD = "SELECT count(*) FROM company WHERE subscription_revision > 0"


def add_customers(rig: Rig) -> list[UUID]:
    """Returns their ids once the portal has copied them all. Raises BenchmarkFailed if it does not."""
    with psycopg.connect(rig.superuser_dsn("tenancy"), autocommit=True) as tenancy:
        ids = _ids(tenancy)
        tenancy.execute("VACUUM ANALYZE")  # now, so that it does not run during a measurement
        companies = _number(tenancy, COMPANIES_HELD)
    with psycopg.connect(rig.superuser_dsn("billing"), autocommit=True) as billing:
        with billing.transaction():
            newest = billing.execute(SUBSCRIPTIONS, {"ids": ids}).fetchone()
            billing.execute(CLOCK, newest)
            billing.execute(USAGE, [ids])
        billing.execute("VACUUM ANALYZE")
    with psycopg.connect(rig.superuser_dsn("portal"), autocommit=True) as portal:
        deadline = time.monotonic() + COPIED_SECONDS
        while {_number(portal, COMPANIES_HELD), _number(portal, SUBSCRIPTIONS_HELD)} != {companies}:
            if time.monotonic() > deadline:
                raise BenchmarkFailed(f"the portal has not copied {companies} companies in {COPIED_SECONDS:.0f} s")
            time.sleep(POLL_SECONDS)
    return ids


def may_work(ids: Sequence[UUID]) -> list[UUID]:
    """Returns the customers that are not suspended and keep paying."""
    return [company_id for n, company_id in enumerate(ids, start=1) if n % 10 >= 3]


def _ids(tenancy: psycopg.Connection) -> list[UUID]:
    return [row[0] for row in tenancy.execute(COMPANIES, {"customers": CUSTOMERS})]


def _number(database: psycopg.Connection, statement: LiteralString) -> int:
    row = database.execute(statement).fetchone()
    return int(row[0]) if row else 0
