"""The owner portal: `tenantry-owner-portal migrate | serve | create-owner --email E | rebuild`."""

import argparse
import os
import sys
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal import settings
from owner_portal.api.app import create_app
from owner_portal.api.portal import Portal
from owner_portal.application.create_owner import create_owner
from owner_portal.application.rebuild_usage import rebuild_usage
from owner_portal.application.sweep import sweep
from owner_portal.clients.billing import Billing
from owner_portal.clients.tenancy import Tenancy
from owner_portal.feed.directory import DirectoryFeed
from owner_portal.feed.live import Live
from owner_portal.feed.replay import replay
from owner_portal.feed.usage import UsageFeed
from servicekit import http_server, migrations, telemetry
from servicekit.bus import Bus
from servicekit.database import create_engine
from servicekit.errors import AppError
from servicekit.lifecycle import forever, run_process, run_tasks
from servicekit.settings import LogSettings

NAME = "owner-portal"
SWEEP_PAUSE = 600.0


async def serve(config: settings.Settings) -> None:
    """The pages and everything that keeps them up to date, until a signal."""
    listener = http_server.bind(config.listen)
    engine = create_engine(config.database_url, name=NAME)
    bus = Bus(config.nats_url, name=NAME)
    tenancy = Tenancy(config.tenancy_address, config)
    billing = Billing(config.billing_address, config)
    live = Live(engine)
    usage = UsageFeed(engine, bus, live)
    directory = DirectoryFeed(engine, tenancy, billing, live)
    portal = Portal(engine, tenancy, billing, live, cookie_secure=config.cookie_secure)
    try:
        await run_tasks(
            http_server.serve(create_app(portal), listener),
            usage.consume(),
            usage.watch(),
            directory.follow_companies(),
            directory.follow_subscriptions(),
            directory.follow_sync_times(),
            live.run(),
            _sweep_forever(engine),
        )
    finally:
        await bus.close()
        await tenancy.close()
        await billing.close()
        await engine.dispose()


async def _sweep_forever(engine: AsyncEngine) -> None:
    async def step() -> bool:
        await sweep(engine)
        return False

    await forever("sweep", step, idle=SWEEP_PAUSE)


async def rebuild(config: settings.Rebuild) -> None:
    """Refills the usage part of the read model from the feed's beginning; tells on the terminal how far it is."""
    engine = create_engine(config.database_url, name=f"{NAME}-rebuild")
    bus = Bus(config.nats_url, name=f"{NAME}-rebuild")
    await bus.connect()

    def progress(read: int, to_come: int) -> None:
        _say(f"{read:,} months read, {to_come:,} to come")

    try:
        await rebuild_usage(engine, batches=replay(bus, progress=progress))
        _say("The read model holds what the feed holds.")
    finally:
        await bus.close()
        await engine.dispose()


async def set_owner(config: settings.Database, *, email: str, password: str) -> None:
    """Creates the owner's account or sets its password."""
    engine = create_engine(config.database_url, name=f"{NAME}-create-owner")
    try:
        await create_owner(engine, email=email, password=password)
        _say(f"{email} can sign in with the password given.")
    finally:
        await engine.dispose()


def cli(arguments: Sequence[str] | None = None) -> None:
    """The command line; the exit code is 1 when the command was refused."""
    parser = argparse.ArgumentParser(prog=f"tenantry-{NAME}", description="The portal of the platform's owner.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring the database to the newest version")
    commands.add_parser("serve", help="serve the pages")
    commands.add_parser("rebuild", help="refill the read model from the aggregate feed")
    create = commands.add_parser(
        "create-owner", help="create an owner's account or set its password, taken from PORTAL_OWNER_PASSWORD"
    )
    create.add_argument("--email", required=True)
    given = parser.parse_args(arguments)
    telemetry.configure(NAME, LogSettings().log_level)
    try:
        match given.command:
            case "migrate":
                migrations.upgrade(settings.Migration().migration_database_url, "owner_portal.store")
            case "serve":
                run_process(serve(settings.Settings()))
            case "rebuild":
                run_process(rebuild(settings.Rebuild()))
            case "create-owner":
                password = os.environ.get("PORTAL_OWNER_PASSWORD", "")
                run_process(set_owner(settings.Database(), email=given.email, password=password))
    except AppError as error:
        sys.exit(error.message)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
