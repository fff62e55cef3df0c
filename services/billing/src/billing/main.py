"""`tenantry-billing`: the process that answers gRPC, publishes and consumes events and ends periods, and commands."""

import argparse
import asyncio
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.use_cases import clear_old_responses
from billing.audit.rpc import AuditServicer
from billing.audit.use_cases import verify_audit
from billing.callers import CALLERS
from billing.limits import worker as limits
from billing.payments.client import ManualMethod, PaymentMethods
from billing.payments.rpc import InvoiceServicer
from billing.plan_versions.rpc import PlanServicer
from billing.revenue.rpc import RevenueServicer
from billing.settings import AuditSettings, MigrateSettings, Settings
from billing.subscriptions import worker as subscriptions
from billing.subscriptions.messages import encode
from billing.subscriptions.rpc.billing_service import BillingServicer
from billing.subscriptions.rpc.subscription_service import SubscriptionServicer
from billing.subscriptions.use_cases.periods import end_periods
from contracts.billing.v1.audit_pb2_grpc import add_AuditServiceServicer_to_server
from contracts.billing.v1.billing_pb2_grpc import add_BillingServiceServicer_to_server
from contracts.billing.v1.invoices_pb2_grpc import add_InvoiceServiceServicer_to_server
from contracts.billing.v1.plans_pb2_grpc import add_PlanServiceServicer_to_server
from contracts.billing.v1.revenue_pb2_grpc import add_RevenueServiceServicer_to_server
from contracts.billing.v1.subscriptions_pb2_grpc import add_SubscriptionServiceServicer_to_server
from servicekit import migrations, rpc_server, telemetry
from servicekit.bus import Bus
from servicekit.consumer import Consumer
from servicekit.database import create_engine, ping
from servicekit.lifecycle import repeat, run_process, run_tasks
from servicekit.relay import Relay

log = structlog.get_logger()

NAME = "billing"
STREAM = "BILLING"
PERIODS_INTERVAL = 2.0  # seconds until the end of a period is applied; access ends without it
RESPONSES_INTERVAL = 600.0  # seconds


async def serve(settings: Settings) -> None:
    """Runs the service until a signal. It answers gRPC without NATS too."""
    engine = create_engine(settings.database_url, name=NAME)
    bus = Bus(settings.nats_url, name=NAME)
    relay = Relay(engine, bus, source=NAME, stream=STREAM)
    company_events = subscriptions.CompanyEvents(engine)
    usage_levels = limits.UsageFeed(engine)
    ready = partial(ping, engine)
    try:
        await run_tasks(
            rpc_server.serve(settings.rpc_listen, settings, CALLERS, lambda server: _add_services(server, engine)),
            bus.run(),
            relay.run(),
            Consumer(
                bus, company_events.handle, ready=ready, stream=subscriptions.STREAM, durable=subscriptions.DURABLE
            ).run(),
            Consumer(
                bus, usage_levels.handle, ready=ready, stream=limits.STREAM, durable=limits.DURABLE, batch=limits.BATCH
            ).run(),
            repeat("periods", lambda: end_periods(engine, encode, now=datetime.now(UTC)), idle=PERIODS_INTERVAL),
            repeat("responses", lambda: clear_old_responses(engine), idle=RESPONSES_INTERVAL),
            drain_seconds=settings.drain_seconds,
        )
    finally:
        await engine.dispose()


def _add_services(server: Any, engine: AsyncEngine) -> None:
    adapters = PaymentMethods([ManualMethod()])
    add_BillingServiceServicer_to_server(BillingServicer(engine), server)
    add_PlanServiceServicer_to_server(PlanServicer(engine, encode), server)
    add_SubscriptionServiceServicer_to_server(SubscriptionServicer(engine, encode), server)
    add_InvoiceServiceServicer_to_server(InvoiceServicer(engine, encode, adapters), server)
    add_RevenueServiceServicer_to_server(RevenueServicer(engine), server)
    add_AuditServiceServicer_to_server(AuditServicer(engine), server)


async def check_audit(settings: AuditSettings) -> None:
    """Logs the last entry and its hash, or exits with the first flaw of the audit trail."""
    engine = create_engine(settings.database_url, name=NAME)
    try:
        verdict = await verify_audit(engine)
    finally:
        await engine.dispose()
    if verdict.flaw is not None:
        raise SystemExit(verdict.flaw)
    log.info("audit trail verified", entries=verdict.end.revision, hash=verdict.end.hash.hex())


def cli() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tenantry-billing", description="Plans and subscriptions.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="migrate the database to the newest version (needs the owner's role)")
    commands.add_parser("serve", help="answer gRPC, publish and consume events until a signal")
    commands.add_parser("verify-audit", help="verify the hashes of the audit trail from the beginning")
    match parser.parse_args().command:
        case "migrate":
            migrations.upgrade(MigrateSettings().migration_database_url, "billing.db.store")
        case "serve":
            settings = Settings()
            telemetry.configure(NAME, settings.log_level)
            run_process(serve(settings))
        case "verify-audit":
            telemetry.configure(NAME)
            asyncio.run(check_audit(AuditSettings()))
