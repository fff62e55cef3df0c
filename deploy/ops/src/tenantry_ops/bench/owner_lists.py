"""The duration of gRPC lists over 10,000 customers, compared with a plain SELECT of the same rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import grpc
import psycopg

from contracts.billing.v1 import billing_pb2
from contracts.billing.v1.billing_pb2_grpc import BillingServiceStub
from contracts.billing.v1.revenue_pb2_grpc import RevenueServiceStub
from tenantry_ops.bench.comparison import DEADLINE_SECONDS, Comparison, compare
from tenantry_ops.bench.results import Result
from tenantry_ops.bench.revenue import revenue_report
from tenantry_ops.bench.rig import Rig
from tenantry_ops.environment import Platform
from tenantry_ops.topology import OPERATOR

MAX_CHANGES = 1000

# The columns of a response; the ids are known, so that nothing is searched or sorted.
SUBSCRIPTIONS = """
SELECT s.company_id, s.plan_code, s.plan_version, s.state, s.started_at, s.expires_at, s.charged_until,
       s.monthly_revenue, s.revision, p.price_minor_units, p.price_currency, p.seats, p.storage_bytes,
       p.screenshot_retention_days
FROM subscription s JOIN plan_version p ON (p.code, p.version) = (s.plan_code, s.plan_version)
WHERE s.superseded_at IS NULL AND s.company_id = ANY(%s)
"""

CHANGES = "SELECT company_id, revision FROM subscription WHERE superseded_at IS NULL ORDER BY revision LIMIT %s"


def owner_lists(rig: Rig) -> list[Result]:
    """Needs customers. Raises BenchmarkFailed when an answer is wrong, `grpc.RpcError` for a refusal."""
    with _connected(rig.platform) as (channel, database):
        changes = _subscription_changes(BillingServiceStub(channel), database)
        return compare([changes, revenue_report(RevenueServiceStub(channel), database)])


def _subscription_changes(
    billing: BillingServiceStub, database: psycopg.Connection
) -> Comparison[billing_pb2.ListSubscriptionChangesResponse]:
    expected = database.execute(CHANGES, [MAX_CHANGES]).fetchall()
    ids = [row[0] for row in expected]
    request = billing_pb2.ListSubscriptionChangesRequest(limit=MAX_CHANGES)
    return Comparison(
        name=f"list_subscription_changes_{MAX_CHANGES}",
        call=lambda: billing.ListSubscriptionChanges(request, timeout=DEADLINE_SECONDS),
        shown=lambda answer: [(UUID(each.company_id), each.revision) for each in answer.subscriptions],
        select=lambda: database.execute(SUBSCRIPTIONS, [ids]).fetchall(),
        expected=expected,
    )


@contextmanager
def _connected(platform: Platform) -> Iterator[tuple[grpc.Channel, psycopg.Connection]]:
    """A channel to billing under the operator's certificate, and the service's own connection to its database."""
    certificates = platform.certificates
    credentials = grpc.ssl_channel_credentials(
        root_certificates=certificates.authority.read_bytes(),
        private_key=certificates.key(OPERATOR).read_bytes(),
        certificate_chain=certificates.certificate(OPERATOR).read_bytes(),
    )
    options = [("grpc.ssl_target_name_override", "billing")]
    dsn = platform.database_url("billing_app", "billing")
    with (
        grpc.secure_channel(platform.billing, credentials, options) as channel,
        psycopg.connect(dsn, autocommit=True) as database,
    ):
        yield channel, database
