"""`tenantry-tenancy`: the process that answers gRPC and publishes events, and commands."""

import argparse
import asyncio

import grpc
import structlog

from contracts.tenancy.v1.tenancy_pb2_grpc import add_TenancyServiceServicer_to_server
from servicekit import migrations, rpc_server, telemetry
from servicekit.bus import Bus
from servicekit.database import create_engine
from servicekit.lifecycle import repeat, run_process, run_tasks
from servicekit.relay import Relay
from tenancy.actions.use_cases import clear_old_responses
from tenancy.audit.use_cases import verify_audit
from tenancy.callers import CALLERS
from tenancy.events.messages import encode
from tenancy.keys.rules.peppers import Peppers
from tenancy.keys.use_cases import count_keys
from tenancy.servicer import TenancyServicer
from tenancy.settings import AuditSettings, MigrateSettings, PepperSettings, Settings
from text_rules.ordering import prepare

log = structlog.get_logger()

SERVICE = "tenancy"
STREAM = "TENANCY"
RESPONSES_INTERVAL = 600.0  # seconds


async def serve(settings: Settings) -> None:
    """Answers gRPC and publishes events until a signal. Without NATS it answers, and events wait in the outbox."""
    engine = create_engine(settings.database_url, name=SERVICE)
    bus = Bus(settings.nats_url, name=SERVICE)
    relay = Relay(engine, bus, source=SERVICE, stream=STREAM)
    prepare()
    peppers = Peppers.of(settings.key_pepper, *settings.old_key_peppers)
    servicer = TenancyServicer(engine, peppers=peppers, encode=encode)

    def add_services(server: grpc.aio.Server) -> None:
        add_TenancyServiceServicer_to_server(servicer, server)

    async def clear() -> bool:
        return await clear_old_responses(engine) > 0

    try:
        await run_tasks(
            rpc_server.serve(settings.rpc_listen, settings, CALLERS, add_services),
            bus.run(),
            relay.run(),
            repeat("responses", clear, idle=RESPONSES_INTERVAL),
            drain_seconds=settings.drain_seconds,
        )
    finally:
        await engine.dispose()


async def check_audit(settings: AuditSettings) -> None:
    """Logs the last entry and its hash, or exits with the first flaw of the audit trail."""
    engine = create_engine(settings.database_url, name=SERVICE)
    try:
        verdict = await verify_audit(engine)
    finally:
        await engine.dispose()
    if verdict.flaw is not None:
        raise SystemExit(verdict.flaw)
    log.info("audit trail verified", entries=verdict.end.revision, hash=verdict.end.hash.hex())


async def log_key_counts(settings: PepperSettings) -> None:
    """Logs how many valid keys still need each pepper, by its id."""
    engine = create_engine(settings.database_url, name=SERVICE)
    try:
        counts = await count_keys(engine)
    finally:
        await engine.dispose()
    peppers = Peppers.of(settings.key_pepper, *settings.old_key_peppers)
    log.info(
        "valid keys counted by pepper",
        current={peppers.current.id: counts.get(peppers.current.id, 0)},
        old={pepper.id: counts.get(pepper.id, 0) for pepper in peppers.old},
    )


def cli() -> None:
    """`tenantry-tenancy migrate | serve | verify-audit | count-keys`."""
    parser = argparse.ArgumentParser(prog="tenantry-tenancy", description="Companies and their keys.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="migrate the database to the newest version")
    commands.add_parser("serve", help="answer gRPC and publish events until a signal")
    commands.add_parser("verify-audit", help="verify the hashes of the audit trail from the beginning")
    commands.add_parser("count-keys", help="count the valid keys that still need each pepper")
    match parser.parse_args().command:
        case "migrate":
            telemetry.configure(SERVICE)
            migrations.upgrade(MigrateSettings().migration_database_url, "tenancy.db.store")
        case "serve":
            settings = Settings()
            telemetry.configure(SERVICE, settings.log_level)
            run_process(serve(settings))
        case "verify-audit":
            telemetry.configure(SERVICE)
            asyncio.run(check_audit(AuditSettings()))
        case "count-keys":
            telemetry.configure(SERVICE)
            asyncio.run(log_key_counts(PepperSettings()))
