"""The process: composition and command line."""

import argparse
import asyncio

import grpc
import structlog

from contracts.tenancy.v1.tenancy_pb2_grpc import add_TenancyServiceServicer_to_server
from servicekit import migrations, rpc_server, telemetry
from servicekit.bus import Bus
from servicekit.database import create_engine
from servicekit.lifecycle import forever, run_process, run_tasks
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
    """Answers calls and relays events until a signal. Calls are answered while the bus is away; events wait."""
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
            forever("responses", clear, idle=RESPONSES_INTERVAL),
        )
    finally:
        await engine.dispose()


async def check_audit(settings: AuditSettings) -> None:
    """Ends the process with the first flaw of the audit trail; tells the last entry and its hash when there is none."""
    engine = create_engine(settings.database_url, name=SERVICE)
    try:
        verdict = await verify_audit(engine)
    finally:
        await engine.dispose()
    if verdict.flaw is not None:
        raise SystemExit(verdict.flaw)
    log.info("the audit trail is whole", entries=verdict.end.revision, hash=verdict.end.hash.hex())


async def tell_keys(settings: PepperSettings) -> None:
    """Tells how many keys still need which pepper, by the peppers' ids."""
    engine = create_engine(settings.database_url, name=SERVICE)
    try:
        counts = await count_keys(engine)
    finally:
        await engine.dispose()
    peppers = Peppers.of(settings.key_pepper, *settings.old_key_peppers)
    log.info(
        "keys that open, by pepper",
        current={peppers.current.id: counts.get(peppers.current.id, 0)},
        old={pepper.id: counts.get(pepper.id, 0) for pepper in peppers.old},
    )


def cli() -> None:
    """`tenantry-tenancy migrate | serve | verify-audit | count-keys`."""
    parser = argparse.ArgumentParser(prog="tenantry-tenancy", description="Companies and their keys.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring the database to the newest version")
    commands.add_parser("serve", help="answer calls and relay events")
    commands.add_parser("verify-audit", help="follow the audit trail's hashes from the beginning")
    commands.add_parser("count-keys", help="tell how many keys still need which pepper")
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
            asyncio.run(tell_keys(PepperSettings()))
