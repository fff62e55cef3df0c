"""The revenue report of twelve months, compared with one statement over the same rows."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg

from contracts.billing.v1 import billing_pb2, revenue_pb2
from contracts.billing.v1.revenue_pb2_grpc import RevenueServiceStub
from tenantry_ops.bench.comparison import DEADLINE_SECONDS, Comparison

MONTHS = 12
MOVEMENTS = ("new", "expansion", "contraction", "churn", "reactivation")

# The movements of each month and before the first, the ends of trials, and the current states.
COUNTED = """
SELECT CASE WHEN changed_at < %(since)s THEN 'before' ELSE to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM') END,
       CASE WHEN changed_at < %(since)s THEN 'start' ELSE lower(movement) END, sum(revenue_change)::bigint
FROM subscription WHERE movement IS NOT NULL GROUP BY 1, 2
UNION ALL
SELECT 'trials', CASE kind WHEN 'TRIAL_CONVERTED' THEN 'converted' ELSE 'lost' END, count(*)
FROM subscription
WHERE kind IN ('TRIAL_CONVERTED', 'TRIAL_EXPIRED', 'TRIAL_CANCELLED') AND changed_at >= %(since)s GROUP BY 1, 2
UNION ALL
SELECT 'standing', state, count(*) FROM subscription WHERE superseded_at IS NULL GROUP BY 1, 2
"""


def revenue_report(
    revenue: RevenueServiceStub, database: psycopg.Connection
) -> Comparison[revenue_pb2.GetRevenueReportResponse]:
    """Compares the report of this month and the eleven before it."""
    now = datetime.now(UTC)
    year, month = divmod(now.year * 12 + now.month - MONTHS, 12)
    since = datetime(year, month + 1, 1, tzinfo=UTC)
    months = revenue_pb2.MonthRange(year=since.year, month=since.month, months=MONTHS)
    request = revenue_pb2.GetRevenueReportRequest(range=months)
    return Comparison(
        name=f"get_revenue_report_{MONTHS}_months",
        call=lambda: revenue.GetRevenueReport(request, timeout=DEADLINE_SECONDS),
        shown=lambda report: sorted(row for row in _counted(report) if row[2]),
        select=lambda: database.execute(COUNTED, {"since": since}).fetchall(),
        expected=sorted(database.execute(COUNTED, {"since": since}).fetchall()),
    )


def _counted(report: revenue_pb2.GetRevenueReportResponse) -> Iterator[tuple[str, str, int]]:
    """Returns the rows of COUNTED in the form of the report."""
    yield "before", "start", report.bridge.start.minor_units
    for month in report.months:
        for kind in MOVEMENTS:
            amount: billing_pb2.Money = getattr(month, kind)
            yield month.since.ToDatetime().strftime("%Y-%m"), kind, amount.minor_units
    yield "trials", "converted", report.trials_converted
    yield "trials", "lost", report.trials_ended - report.trials_converted
    for state in report.states:
        name = billing_pb2.SubscriptionState.Name(state.state)
        yield "standing", name.removeprefix("SUBSCRIPTION_STATE_"), state.subscriptions
