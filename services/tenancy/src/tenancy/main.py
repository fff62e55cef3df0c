"""The process: composition and command line."""

import argparse
import asyncio

import grpc
import structlog

from contracts.tenancy.v1.tenancy_pb2_grpc import add_TenancyServiceServicer_to_server
from servicekit import migrations, rpc_server, telemetry
from servicekit.bus import Bus
from servicekit.database import create_engine
from servicekit.errors import Refused
from servicekit.lifecycle import run_process, run_tasks
from servicekit.relay import Relay
from tenancy.api.callers import CALLERS
from tenancy.api.servicer import TenancyServicer
from tenancy.application.verify_audit import verify_audit
from tenancy.feed.events import encode
from tenancy.settings import AuditSettings, MigrateSettings, Settings

log = structlog.get_logger()

SERVICE = "tenancy"
STREAM = "TENANCY"


async def serve(settings: Settings) -> None:
    """Answers calls and relays events until a signal. Calls are answered while the bus is away; events wait."""
    engine = create_engine(settings.database_url, name=SERVICE)
    bus = Bus(settings.nats_url, name=SERVICE)
    relay = Relay(engine, bus, source=SERVICE, stream=STREAM)
    servicer = TenancyServicer(engine, pepper=settings.key_pepper, encode=encode)

    def add_services(server: grpc.aio.Server) -> None:
        add_TenancyServiceServicer_to_server(servicer, server)

    try:
        await run_tasks(rpc_server.serve(settings.rpc_listen, settings, CALLERS, add_services), bus.run(), relay.run())
    finally:
        await engine.dispose()


async def check_audit(settings: AuditSettings) -> None:
    """Ends the process with the first flaw of the audit trail; says how many entries it has when there is none."""
    engine = create_engine(settings.database_url, name=SERVICE)
    try:
        log.info("the audit trail is whole", entries=await verify_audit(engine))
    except Refused as flaw:
        raise SystemExit(flaw.message) from None
    finally:
        await engine.dispose()


def cli() -> None:
    """`tenantry-tenancy migrate | serve | verify-audit`."""
    parser = argparse.ArgumentParser(prog="tenantry-tenancy", description="Companies and their keys.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring the database to the newest version")
    commands.add_parser("serve", help="answer calls and relay events")
    commands.add_parser("verify-audit", help="follow the audit trail's hashes from the beginning")
    match parser.parse_args().command:
        case "migrate":
            telemetry.configure(SERVICE)
            migrations.upgrade(MigrateSettings().migration_database_url, "tenancy.store")
        case "serve":
            settings = Settings()
            telemetry.configure(SERVICE, settings.log_level)
            run_process(serve(settings))
        case "verify-audit":
            telemetry.configure(SERVICE)
            asyncio.run(check_audit(AuditSettings()))
