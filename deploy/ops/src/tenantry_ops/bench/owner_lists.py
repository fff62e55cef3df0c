"""The duration of gRPC lists over 10,000 customers, compared with a plain SELECT of the same rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString
from uuid import UUID

import grpc
import psycopg

from contracts.billing.v1 import billing_pb2
from contracts.billing.v1.billing_pb2_grpc import BillingServiceStub
from contracts.billing.v1.revenue_pb2_grpc import RevenueServiceStub
from contracts.tenancy.v1 import tenancy_pb2
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from tenantry_ops.bench.comparison import DEADLINE_SECONDS, Comparison, compare
from tenantry_ops.bench.results import Result
from tenantry_ops.bench.revenue import revenue_report
from tenantry_ops.bench.rig import Rig
from tenantry_ops.environment import Platform
from tenantry_ops.topology import OPERATOR

PAGE = 50
MAX_BATCH = 1000  # companies or changes

# The columns of a response; the ids are known, so that nothing is searched or sorted.
COMPANIES = """
SELECT c.id, c.name, c.email, c.contact_person, c.phone, c.address, c.time_zone, c.state, c.created_at, c.revision,
       s.last_sync_at, l.digest, k.hint
FROM company c LEFT JOIN company_sync s ON s.company_id = c.id LEFT JOIN company_logo l ON l.company_id = c.id
LEFT JOIN company_key k ON k.company_id = c.id
WHERE c.id = ANY(%s)
"""
SUBSCRIPTIONS = """
SELECT s.company_id, s.plan_code, s.plan_version, s.state, s.started_at, s.expires_at, s.charged_until,
       s.monthly_revenue, s.revision, p.price_minor_units, p.price_currency, p.seats, p.storage_bytes,
       p.screenshot_retention_days
FROM subscription s JOIN plan_version p ON (p.code, p.version) = (s.plan_code, s.plan_version)
WHERE s.superseded_at IS NULL AND s.company_id = ANY(%s)
"""

BY_NAME = "SELECT id, count(*) OVER () FROM company ORDER BY name_order LIMIT %s"
SEARCH = "SELECT id, count(*) OVER () FROM company WHERE search_text LIKE '%%solar%%' ORDER BY name_order LIMIT %s"
BY_LAST_SYNC = """
SELECT id, count(*) OVER () FROM company LEFT JOIN company_sync ON company_id = id
ORDER BY last_sync_at DESC NULLS LAST, id DESC LIMIT %s
"""
BATCH = "SELECT id FROM company ORDER BY sha256(id::text::bytea) LIMIT %s"  # spread over the table
CHANGES = "SELECT company_id, revision FROM subscription WHERE superseded_at IS NULL ORDER BY revision LIMIT %s"


def owner_lists(rig: Rig) -> list[Result]:
    """Needs customers. Raises BenchmarkFailed if a response is wrong, `grpc.RpcError` on a refusal."""
    with _connected(rig.platform, "tenancy") as (channel, database):
        companies = _company_lists(TenancyServiceStub(channel), database)
        with _connected(rig.platform, "billing") as (billing_channel, billing_database):
            changes = _subscription_changes(BillingServiceStub(billing_channel), billing_database)
            revenue = revenue_report(RevenueServiceStub(billing_channel), billing_database)
            return compare([*companies, changes, revenue])


def _company_lists(tenancy: TenancyServiceStub, database: psycopg.Connection) -> list[Comparison[Any]]:
    def page(name: str, statement: LiteralString, **asked: Any) -> Comparison[tenancy_pb2.ListCompaniesResponse]:
        expected = database.execute(statement, [PAGE]).fetchall()
        ids = [row[0] for row in expected]
        request = tenancy_pb2.ListCompaniesRequest(page_size=PAGE, **asked)
        return Comparison(
            name=f"list_companies_{name}",
            call=lambda: tenancy.ListCompanies(request, timeout=DEADLINE_SECONDS),
            shown=lambda answer: [(UUID(company.id), answer.total_size) for company in answer.companies],
            select=lambda: database.execute(COMPANIES, [ids]).fetchall(),
            expected=expected,
        )

    last_sync = tenancy_pb2.COMPANY_SORT_LAST_SYNC_AT
    return [
        page("by_name", BY_NAME),
        page("search", SEARCH, search="Solar"),
        page("by_last_sync", BY_LAST_SYNC, sort=last_sync, descending=True),
        _company_batch(tenancy, database),
    ]


def _company_batch(
    tenancy: TenancyServiceStub, database: psycopg.Connection
) -> Comparison[tenancy_pb2.BatchGetCompaniesResponse]:
    expected = database.execute(BATCH, [MAX_BATCH]).fetchall()
    ids = [row[0] for row in expected]
    request = tenancy_pb2.BatchGetCompaniesRequest(company_ids=map(str, ids))
    return Comparison(
        name=f"batch_get_companies_{MAX_BATCH}",
        call=lambda: tenancy.BatchGetCompanies(request, timeout=DEADLINE_SECONDS),
        shown=lambda answer: [(UUID(company.id),) for company in answer.companies],
        select=lambda: database.execute(COMPANIES, [ids]).fetchall(),
        expected=expected,
    )


def _subscription_changes(
    billing: BillingServiceStub, database: psycopg.Connection
) -> Comparison[billing_pb2.ListSubscriptionChangesResponse]:
    expected = database.execute(CHANGES, [MAX_BATCH]).fetchall()
    ids = [row[0] for row in expected]
    request = billing_pb2.ListSubscriptionChangesRequest(limit=MAX_BATCH)
    return Comparison(
        name=f"list_subscription_changes_{MAX_BATCH}",
        call=lambda: billing.ListSubscriptionChanges(request, timeout=DEADLINE_SECONDS),
        shown=lambda answer: [(UUID(each.company_id), each.revision) for each in answer.subscriptions],
        select=lambda: database.execute(SUBSCRIPTIONS, [ids]).fetchall(),
        expected=expected,
    )


@contextmanager
def _connected(platform: Platform, service: str) -> Iterator[tuple[grpc.Channel, psycopg.Connection]]:
    """Opens a channel to tenancy or billing with the operator's certificate, and the service's database."""
    certificates = platform.certificates
    credentials = grpc.ssl_channel_credentials(
        root_certificates=certificates.authority.read_bytes(),
        private_key=certificates.key(OPERATOR).read_bytes(),
        certificate_chain=certificates.certificate(OPERATOR).read_bytes(),
    )
    address = {"tenancy": platform.tenancy, "billing": platform.billing}[service]
    options = [("grpc.ssl_target_name_override", service)]
    dsn = platform.database_url(f"{service}_app", service)
    with (
        grpc.secure_channel(address, credentials, options) as channel,
        psycopg.connect(dsn, autocommit=True) as database,
    ):
        yield channel, database
