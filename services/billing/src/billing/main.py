"""`tenantry-billing migrate | serve`: one process that answers gRPC, relays, consumes and lets periods end."""

import argparse
from datetime import UTC, datetime

from billing.api.callers import CALLERS
from billing.api.servicer import BillingServicer
from billing.application.expire_ended import expire_ended
from billing.feed import consumed, published
from billing.settings import MigrateSettings, Settings
from contracts.billing.v1 import billing_pb2_grpc
from servicekit import migrations, rpc_server, telemetry
from servicekit.bus import Bus
from servicekit.consumer import Consumer
from servicekit.database import create_engine
from servicekit.lifecycle import forever, run_process, run_tasks
from servicekit.relay import Relay

NAME = "billing"
EXPIRY_INTERVAL = 2.0  # seconds until a period that is over shows as EXPIRED; access ends without it


async def serve(settings: Settings) -> None:
    """Runs the service until a signal comes. gRPC answers also while NATS is away."""
    engine = create_engine(settings.database_url, name=NAME)
    bus = Bus(settings.nats_url, name=NAME)
    servicer = BillingServicer(engine)
    relay = Relay(engine, bus, source=NAME, stream=published.STREAM)
    events = consumed.CompanyEvents(engine)
    consumer = Consumer(bus, events.handle, stream=consumed.STREAM, durable=consumed.DURABLE)
    try:
        await run_tasks(
            rpc_server.serve(
                settings.rpc_listen,
                settings,
                CALLERS,
                lambda server: billing_pb2_grpc.add_BillingServiceServicer_to_server(servicer, server),
            ),
            bus.run(),
            relay.run(),
            consumer.run(),
            forever("expiry", lambda: expire_ended(engine, now=datetime.now(UTC)), idle=EXPIRY_INTERVAL),
        )
    finally:
        await engine.dispose()


def cli() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tenantry-billing", description="Plans and subscriptions.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring the database to the newest version (needs the owner's role)")
    commands.add_parser("serve", help="answer gRPC, consume and publish events until a signal comes")
    if parser.parse_args().command == "migrate":
        migrations.upgrade(MigrateSettings().migration_database_url, "billing.store")
    else:
        settings = Settings()
        telemetry.configure(NAME, settings.log_level)
        run_process(serve(settings))
