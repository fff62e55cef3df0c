"""Two years of 10,000 companies, written by SQL: trials, conversions, renewals, upgrades, cancellations."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

COMPANIES = 10_000
MONTHS = 24
START = datetime(2024, 11, 1, tzinfo=UTC)

# One row for each company and month. Of 20 companies 1 never converts, 2 cancel, 4 upgrade, 1 is reactivated.
_HISTORY = text("""
    WITH company AS (
        SELECT id, n, n % 20 AS kind, CAST(:start AS timestamptz) + (n % 30) * interval '1 day' AS began
        FROM unnest(CAST(:companies AS uuid[])) WITH ORDINALITY AS ids (id, n)
    ), step AS (
        SELECT c.*, m, c.began + m * interval '1 month' AS at,
               CASE WHEN m = 0 THEN 0 WHEN kind = 0 THEN 0 WHEN kind IN (1, 2) AND m >= 8 + kind * 4 THEN 0
                    WHEN kind = 3 AND m BETWEEN 9 AND 12 THEN 0
                    WHEN kind BETWEEN 4 AND 7 AND m >= kind * 3 THEN 49900 ELSE 9900 END AS revenue
        FROM company c, generate_series(0, :months) AS m
    ), moved AS (
        SELECT *, lag(revenue, 1, 0) OVER w AS before, lead(at) OVER w AS following,
               max(revenue) OVER (PARTITION BY id ORDER BY m ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ever,
               row_number() OVER (ORDER BY at, id) AS revision
        FROM step WINDOW w AS (PARTITION BY id ORDER BY m)
    )
    INSERT INTO subscription
        (company_id, revision, kind, plan_code, plan_version, state, started_at, expires_at, charged_until,
         charged_since, charge_accrued, billing_day, has_paid, monthly_revenue, revenue_change, movement, actor, reason,
         changed_at, superseded_at)
    SELECT id, revision,
           CASE WHEN m = 0 THEN 'TRIAL_STARTED' WHEN m = 1 AND revenue > 0 THEN 'TRIAL_CONVERTED'
                WHEN m = 1 THEN 'TRIAL_EXPIRED' WHEN revenue > 0 THEN 'RENEWED' ELSE 'EXPIRED' END,
           CASE revenue WHEN 49900 THEN 'ENTERPRISE' ELSE 'PRO' END, 1,
           CASE WHEN m = 0 THEN 'TRIAL' WHEN revenue > 0 THEN 'ACTIVE' ELSE 'EXPIRED' END,
           at, at + interval '1 month', paid.until, paid.since, paid.accrued, paid.day, coalesce(ever, 0) > 0, revenue,
           revenue - before,
           CASE WHEN revenue = before THEN NULL WHEN before = 0 AND coalesce(ever, 0) = 0 THEN 'NEW'
                WHEN before = 0 THEN 'REACTIVATION' WHEN revenue = 0 THEN 'CHURN'
                WHEN revenue > before THEN 'EXPANSION' ELSE 'CONTRACTION' END,
           'benchmark', '', at, following
    FROM moved
    LEFT JOIN LATERAL (
        SELECT at + interval '1 month' AS until, at AS since, 0 AS accrued, extract(day FROM at) AS day
    ) paid ON revenue > 0
""")

_LINES = text("""
    INSERT INTO invoice_line
        (id, company_id, revision, kind, minor_units, plan_code, plan_version, covers_from, covers_until, issued_at)
    SELECT gen_random_uuid(), company_id, revision, 'CHARGE', monthly_revenue, plan_code, plan_version, started_at,
           expires_at, changed_at
    FROM subscription WHERE monthly_revenue > 0
""")

_PAYMENTS = text("""
    INSERT INTO payment
        (id, company_id, minor_units, currency, method, reference, received_at, recorded_at, actor, reason)
    SELECT gen_random_uuid(), company_id, minor_units, 'USD', 'manual', '', issued_at, issued_at, 'benchmark', ''
    FROM invoice_line
""")

_USAGE = text("""
    INSERT INTO usage_level (company_id, month, day, revision, seats, storage_bytes)
    SELECT company_id, CAST(date_trunc('month', changed_at) AS date), CAST(max(changed_at) AS date), 1, 17, 10^10
    FROM subscription GROUP BY 1, 2
""")

_SCHEDULED = text("""
    INSERT INTO scheduled_change (id, company_id, plan_code, plan_version, actor, reason, created_at)
    SELECT gen_random_uuid(), company_id, 'FREE', 1, 'benchmark', '', changed_at
    FROM subscription WHERE superseded_at IS NULL AND state = 'ACTIVE'
""")

_CLOCK = text("UPDATE clock SET revision = (SELECT max(revision) FROM subscription)")


async def write(tx: AsyncConnection, companies: list[UUID]) -> int:
    """Writes the rows and returns their number. `tx` is a superuser's, because it also updates planner statistics."""
    values = {"companies": companies, "start": START, "months": MONTHS}
    rows = (await tx.execute(_HISTORY, values)).rowcount
    for statement in (_LINES, _PAYMENTS, _USAGE, _SCHEDULED, _CLOCK, text("ANALYZE")):
        await tx.execute(statement)
    return rows
