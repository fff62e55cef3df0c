"""The owner portal: `tenantry-owner-portal COMMAND`, as listed by `--help`."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from mailer.delivery import Sender, send_mail
from mailer.senders import open_sender
from owner_portal import settings
from owner_portal.alerts.worker import AlertFeed
from owner_portal.app import assemble, create_app, description
from owner_portal.audit.pages import verifiers
from owner_portal.audit.use_cases.verification import verify_when_due
from owner_portal.clients.channels import billing_channel, tenancy_channel
from owner_portal.dashboard.use_cases import Dashboards
from owner_portal.db.store.connections import try_rested
from owner_portal.directory.client import CompanyChanges, SubscriptionChanges
from owner_portal.directory.worker import DirectoryFeed
from owner_portal.freshness.rules import Rebuild
from owner_portal.freshness.use_cases import sweep_cached_answers
from owner_portal.owners.pages.guard import Security
from owner_portal.owners.use_cases import failed_sign_ins
from owner_portal.owners.use_cases.accounts import create_owner
from owner_portal.owners.use_cases.secret_box import SecretBox
from owner_portal.owners.use_cases.sweep import sweep
from owner_portal.reports.client import RevenueClient
from owner_portal.reports.worker import RevenueFeed
from owner_portal.usage.use_cases.rebuild import rebuild_usage
from owner_portal.usage.worker.calendar import Calendar
from owner_portal.usage.worker.feed import UsageFeed
from owner_portal.usage.worker.replay import Replay
from owner_portal.web.live import Live
from owner_portal.web.portal import Portal
from servicekit import http_server, migrations, telemetry
from servicekit.bus import Bus
from servicekit.database import PAGE_STATEMENT_TIMEOUT_SECONDS, create_engine
from servicekit.errors import AppError
from servicekit.lifecycle import repeat, run_process, run_tasks
from servicekit.settings import LogSettings
from text_rules.ordering import prepare

NAME = "owner-portal"
SWEEP_PAUSE = 600.0
MAIL_PAUSE = 2.0
VERIFY_PAUSE = 600.0


async def serve(config: settings.Settings) -> None:
    """Serves the pages and runs the background loops, until a signal."""
    listener = http_server.bind(config.listen)
    engine = try_rested(create_engine(config.database_url, name=NAME, ping=False))
    prepare()
    # The statement timeout applies to pages only; background work may take longer.
    pages = try_rested(
        create_engine(
            config.database_url, name=f"{NAME}-pages", ping=False, statement_timeout=PAGE_STATEMENT_TIMEOUT_SECONDS
        )
    )
    bus = Bus(config.nats_url, name=NAME)
    tenancy = tenancy_channel(config.tenancy_address, config)
    billing = billing_channel(config.billing_address, config)
    live = Live()
    usage = UsageFeed(engine, bus, live)
    directory = DirectoryFeed(engine, CompanyChanges(tenancy), SubscriptionChanges(billing), live)
    calendar = Calendar(engine, live)
    revenue = RevenueFeed(engine, RevenueClient(billing))
    alerts = AlertFeed(engine, portal_url=config.public_url)
    portal = assemble(
        pages,
        tenancy=tenancy,
        billing=billing,
        live=live,
        dashboards=Dashboards(pages),
        alerts=alerts,
        security=_security(config),
        public_url=config.public_url,
        cookie_secure=config.cookie_secure,
        sends_mail=not config.mail_url.startswith("console:"),
        trusted_proxies=config.proxies,
    )
    try:
        await run_tasks(
            http_server.serve(create_app(portal), listener),
            usage.consume(),
            usage.watch(),
            directory.follow_companies(),
            directory.follow_subscriptions(),
            directory.follow_sync_times(),
            calendar.follow_days(),
            directory.follow_periods(),
            revenue.follow(),
            live.run(),
            alerts.look(),
            alerts.follow_count(),
            _sweep_forever(engine),
            _verify_trails_forever(engine, portal),
            _send_mail_forever(
                engine, open_sender(config.mail_url, from_address=config.mail_from, setting="PORTAL_MAIL_URL")
            ),
            drain_seconds=config.drain_seconds,
        )
    finally:
        await bus.close()
        await tenancy.close()
        await billing.close()
        await engine.dispose()
        await pages.dispose()


def _security(config: settings.Settings) -> Security:
    return Security(
        box=SecretBox(bytes.fromhex(config.secret_key)),
        totp_required=config.totp_required,
        step_up=timedelta(minutes=config.step_up_minutes),
    )


async def _sweep_forever(engine: AsyncEngine) -> None:
    async def step() -> bool:
        await sweep(engine)
        await sweep_cached_answers(engine)
        return False

    await repeat("sweep", step, idle=SWEEP_PAUSE)


async def _verify_trails_forever(engine: AsyncEngine, portal: Portal) -> None:
    async def step() -> bool:
        await verify_when_due(engine, trails=verifiers(portal))
        return False

    await repeat("verify audit trails", step, idle=VERIFY_PAUSE)


async def _send_mail_forever(engine: AsyncEngine, sender: Sender) -> None:
    async def step() -> bool:
        return await send_mail(engine.begin, sender=sender)

    await repeat("send mail", step, idle=MAIL_PAUSE)


async def rebuild(config: settings.Rebuild) -> None:
    """Refills the usage part of the read model from the beginning of the feed; prints its progress."""
    engine = create_engine(config.database_url, name=f"{NAME}-rebuild")
    bus = Bus(config.nats_url, name=f"{NAME}-rebuild")
    await bus.connect()
    try:
        async with Replay.open(bus) as feed:
            await rebuild_usage(engine, feed=feed, report=_say_progress)
        _say("The read model is up to date with the feed.")
    finally:
        await bus.close()
        await engine.dispose()


def _say_progress(progress: Rebuild) -> None:
    _say(f"{progress.read:,} of {progress.all:,} months read")


async def sign_ins(config: settings.Database, *, lift: str | None) -> None:
    """Lists failed sign-ins; with `lift`, an e-mail or an address, clears them."""
    engine = create_engine(config.database_url, name=f"{NAME}-sign-ins")
    try:
        if lift:
            await failed_sign_ins.lift(engine, lift)
            _say(f"{lift} may sign in again.")
        else:
            async for line in failed_sign_ins.list_failed_sign_ins(engine):
                _say(line)
    finally:
        await engine.dispose()


async def set_owner(
    config: settings.Database, *, email: str, password: str, if_missing: bool, reset_second_factor: bool
) -> None:
    """Creates the owner's account or sets its password."""
    engine = create_engine(config.database_url, name=f"{NAME}-create-owner")
    try:
        done = await create_owner(
            engine, email=email, password=password, if_missing=if_missing, reset_second_factor=reset_second_factor
        )
        _say(f"{email} can sign in with the given password." if done else f"{email} is already an owner.")
    finally:
        await engine.dispose()


def cli(arguments: Sequence[str] | None = None) -> None:
    """The command line; the exit code is 1 when the command was refused."""
    parser = argparse.ArgumentParser(prog=f"tenantry-{NAME}", description="The portal of the platform's owners.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring the database to the newest version")
    commands.add_parser("serve", help="serve the pages")
    commands.add_parser("rebuild", help="refill the read model from the aggregate feed")
    commands.add_parser("describe", help="print the OpenAPI description of what scripts can do")
    create = commands.add_parser(
        "create-owner", help="create an owner's account or set its password, taken from PORTAL_OWNER_PASSWORD"
    )
    create.add_argument("--email", required=True)
    create.add_argument("--if-missing", action="store_true", help="leave an existing account unchanged")
    create.add_argument(
        "--reset-second-factor", action="store_true", help="for an owner who has lost the device and the recovery codes"
    )
    listing = commands.add_parser("sign-ins", help="list failed sign-ins, or let an account or address sign in again")
    listing.add_argument("--lift", metavar="E-MAIL|ADDRESS", help="clear its failed attempts")
    given = parser.parse_args(arguments)
    telemetry.configure(NAME, LogSettings().log_level)
    try:
        match given.command:
            case "migrate":
                migrations.upgrade(settings.Migration().migration_database_url, "owner_portal.db.store")
            case "serve":
                run_process(serve(settings.Settings()))
            case "describe":
                _say(json.dumps(description(), indent=2, ensure_ascii=False))
            case "rebuild":
                run_process(rebuild(settings.Rebuild()))
            case "sign-ins":
                run_process(sign_ins(settings.Database(), lift=given.lift))
            case "create-owner":
                password = os.environ.get("PORTAL_OWNER_PASSWORD", "")
                run_process(
                    set_owner(
                        settings.Database(),
                        email=given.email,
                        password=password,
                        if_missing=given.if_missing,
                        reset_second_factor=given.reset_second_factor,
                    )
                )
    except AppError as error:
        sys.exit(error.message)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
