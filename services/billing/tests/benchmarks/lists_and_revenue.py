"""p50 and p99 of the list calls and the revenue report, each beside a plain SELECT of the same rows.

    python -m services.billing.tests.benchmarks.lists_and_revenue [rounds]

It starts a PostgreSQL of its own with 10,000 companies and 24 months, and measures what a call costs the service:
statements, values, messages, bytes. The network and TLS are not in it. Beside each the rows of its main table are read
by a plain SELECT with the same driver, which is the least that reading them can cost.
"""
# ruff: noqa: T201 - it talks on the terminal

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.payments.client import PaymentMethods
from billing.payments.rpc import InvoiceServicer
from billing.plan_versions.rpc import PlanServicer
from billing.revenue.rpc import RevenueServicer
from billing.subscriptions.messages import encode
from billing.subscriptions.rpc.billing_service import BillingServicer
from billing.subscriptions.rpc.subscription_service import SubscriptionServicer
from contracts.billing.v1 import billing_pb2, invoices_pb2, plans_pb2, revenue_pb2, subscriptions_pb2
from servicekit import migrations
from servicekit.database import create_engine
from servicekit.ids import new_id
from services.billing.tests.benchmarks.history import COMPANIES, MONTHS, write
from tenantry_ops.provision import provision_postgres
from tenantry_ops.secrets import generate
from testkit import engines

Call = Callable[[], Awaitable[Any]]

CURRENT = "SELECT * FROM subscription WHERE superseded_at IS NULL ORDER BY revision LIMIT 1000"
TERMS = plans_pb2.PlanTerms(
    code="PRO",
    name="Pro",
    price_per_month=billing_pb2.Money(minor_units=10900, currency="USD"),
    seats=50,
    storage_bytes=10**11,
    screenshot_retention_days=30,
)


def calls(engine: AsyncEngine, companies: list[str]) -> dict[str, tuple[Call, str]]:
    """Name to the call and the plain SELECT beside it."""
    billing, plans = BillingServicer(engine), PlanServicer(engine, encode)
    subscriptions = SubscriptionServicer(engine, encode)
    invoices = InvoiceServicer(engine, encode, PaymentMethods([]))
    revenue = RevenueServicer(engine)
    month = revenue_pb2.MonthRange(year=2026, month=6)
    years = revenue_pb2.MonthRange(year=2024, month=11, months=24)
    changes = billing_pb2.ListSubscriptionChangesRequest()
    entitlements = billing_pb2.ListEntitlementChangesRequest()
    history = subscriptions_pb2.ListSubscriptionHistoryRequest(company_id=companies[7])
    scheduled = subscriptions_pb2.ListScheduledChangesRequest()
    expansion = revenue_pb2.ListRevenueMovementsRequest(range=years, figure=revenue_pb2.REVENUE_FIGURE_NEW)
    standing = revenue_pb2.ListRevenueMovementsRequest(range=month, figure=revenue_pb2.REVENUE_FIGURE_STANDING)
    of_company = f"SELECT * FROM subscription WHERE company_id = '{companies[7]}'"
    moved = "SELECT * FROM subscription WHERE movement IS NOT NULL"
    held = """
        SELECT * FROM subscription WHERE changed_at < '2026-07-01' AND superseded_at >= '2026-07-01'
        ORDER BY revision LIMIT 1000
    """
    lines, payments = invoices_pb2.ListInvoiceLinesRequest(), invoices_pb2.ListPaymentsRequest()
    return {
        "ListSubscriptionChanges (1,000)": (lambda: billing.ListSubscriptionChanges(changes, None), CURRENT),
        "ListEntitlementChanges (1,000)": (lambda: billing.ListEntitlementChanges(entitlements, None), CURRENT),
        "ListSubscriptionHistory (25)": (lambda: subscriptions.ListSubscriptionHistory(history, None), of_company),
        "ListScheduledChanges (1,000)": (
            lambda: subscriptions.ListScheduledChanges(scheduled, None),
            "SELECT * FROM scheduled_change WHERE state = 'PENDING' ORDER BY created_at, id LIMIT 1000",
        ),
        "ListInvoiceLines (1,000)": (
            lambda: invoices.ListInvoiceLines(lines, None),
            "SELECT * FROM invoice_line ORDER BY revision DESC, id DESC LIMIT 1000",
        ),
        "ListPayments (1,000)": (
            lambda: invoices.ListPayments(payments, None),
            "SELECT * FROM payment ORDER BY recorded_at DESC, id DESC LIMIT 1000",
        ),
        "ListRevenueMovements NEW (1,000)": (
            lambda: revenue.ListRevenueMovements(expansion, None),
            "SELECT * FROM subscription WHERE movement = 'NEW' ORDER BY revision LIMIT 1000",
        ),
        "ListRevenueMovements STANDING (1,000)": (lambda: revenue.ListRevenueMovements(standing, None), held),
        "GetRevenueReport, a past month": (
            lambda: revenue.GetRevenueReport(revenue_pb2.GetRevenueReportRequest(range=month), None),
            moved,
        ),
        "GetRevenueReport, 24 months": (
            lambda: revenue.GetRevenueReport(revenue_pb2.GetRevenueReportRequest(range=years), None),
            moved,
        ),
        "PreviewPlanVersion (all, 1,000 listed)": (
            lambda: plans.PreviewPlanVersion(plans_pb2.PreviewPlanVersionRequest(terms=TERMS), None),
            "SELECT * FROM subscription WHERE superseded_at IS NULL AND plan_code = 'PRO'",
        ),
    }


async def milliseconds(call: Call, rounds: int) -> tuple[float, float]:
    """p50 and p99 of some calls, after a warm-up call."""
    await call()
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        await call()
        taken.append((time.perf_counter() - start) * 1000)
    taken.sort()
    return taken[len(taken) // 2], taken[min(len(taken) - 1, round(len(taken) * 0.99))]


async def measure(app_url: str, superuser_url: str, rounds: int) -> None:
    """Writes the history and prints one line for each call."""
    companies = [new_id() for _ in range(COMPANIES)]
    superuser = create_engine(superuser_url, name="benchmark")
    async with superuser.begin() as tx:
        rows = await write(tx, companies)
    await superuser.dispose()
    print(
        f"{COMPANIES:,} companies, {MONTHS} months, {rows:,} rows of history, {rounds} rounds; {datetime.now(UTC):%F}"
    )
    print(f"{'':40}{'p50':>9}{'p99':>9}{'plain SELECT p50':>20}{'p99':>9}  (ms)")
    engine = create_engine(app_url, name="billing-benchmark")

    async def plain(statement: str) -> None:
        async with engine.connect() as connection:
            (await connection.execute(text(statement))).all()

    for name, (call, statement) in calls(engine, [str(company) for company in companies]).items():
        p50, p99 = await milliseconds(call, rounds)
        least, least99 = await milliseconds(lambda statement=statement: plain(statement), rounds)  # type: ignore[misc]
        print(f"{name:40}{p50:9.1f}{p99:9.1f}{least:20.1f}{least99:9.1f}")
    await engine.dispose()


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    passwords = generate().roles
    with tempfile.TemporaryDirectory(prefix="tenantry-") as folder:
        Path(folder).chmod(0o711)  # another user runs PostgreSQL when root runs this
        with engines.postgres(Path(folder) / "postgres") as postgres:
            provision_postgres(postgres.dsn(), passwords)
            superuser = postgres.dsn("billing")
            server = superuser.rpartition("@")[2]
            migrations.upgrade(f"postgresql://billing_owner:{passwords['billing_owner']}@{server}", "billing.db.store")
            asyncio.run(measure(f"postgresql://billing_app:{passwords['billing_app']}@{server}", superuser, rounds))


if __name__ == "__main__":
    main()
