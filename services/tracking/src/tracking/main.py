"""Tracking's processes: what each is made of, and the command that starts it."""

import argparse
import asyncio
import os
import socket
import sys
import time
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from mailer.delivery import send_mail
from mailer.senders import open_sender
from servicekit import migrations, telemetry
from servicekit.bus import Bus
from servicekit.database import PAGE_STATEMENT_TIMEOUT, create_engine, ping
from servicekit.errors import AppError
from servicekit.http_proxies import behind
from servicekit.http_server import bind, health_routes, serve
from servicekit.lifecycle import forever, run_process, run_tasks
from servicekit.relay import Relay
from tracking import maintenance, settings
from tracking.access.api import Admission
from tracking.access.client.billing import BillingClient
from tracking.access.client.tenancy import TenancyClient
from tracking.access.rules.company_keys import Peppers
from tracking.access.rules.directory import AccessDirectory, Verdict
from tracking.access.use_cases import ConfigWatch
from tracking.access.worker import UNHURRIED, AccessSync
from tracking.company.use_cases.change_time_zone import TimeZones
from tracking.db.store.scope import company_scope
from tracking.devices.use_cases.authenticate import Authenticator
from tracking.devices.use_cases.key_use import KeyUses
from tracking.gateway.api import native as native_app
from tracking.gateway.api.desktop import DesktopApi
from tracking.gateway.api.desktop_context import Gateway
from tracking.gateway.api.native import NativeApi
from tracking.gateway.api.native_context import Native
from tracking.ingest.api.large_uploads import LargeUploadReader, Room
from tracking.ingest.fastpath.api.ordinary_uploads import Uploads
from tracking.ingest.fastpath.api.protocol import UploadProtocol
from tracking.ingest.fastpath.store.writer import IngestWriter
from tracking.ingest.use_cases.group_commit import GroupCommit
from tracking.ingest.use_cases.sync_records import RecordTaker
from tracking.ingest.use_cases.take_upload import UploadTaker
from tracking.processes.workers import run_workers, while_parent_lives
from tracking.publishing.messages import STREAM, company_month_event
from tracking.screenshots.imaging.decoder import Decoder
from tracking.screenshots.store.pictures import PictureStore
from tracking.screenshots.use_cases.remove_old_screenshots import remove_old_screenshots
from tracking.screenshots.use_cases.take_screenshot import ScreenshotTaker
from tracking.session_deletion.use_cases.erase_late_use import erase_late_use
from tracking.sessions.use_cases.end_session import end_silent_sessions
from tracking.sessions.use_cases.signs_of_life import SignsOfLife
from tracking.sign_in.store.sign_in_attempts import NO_COMPANY
from tracking.sign_in.use_cases.reset_by_mail import answer_requests
from tracking.team.pages.team import workspace_app
from tracking.totals.worker import BEAT, Aggregation

# Any event of theirs means that the access directory has news; one that is missed costs its polling interval.
CHANGES = ("tenancy.v1.>", "billing.v1.>")
LESS_URGENT = 5  # of nice: totals may come a moment later, uploads are waited for


async def gateway(config: settings.Gateway, listener: socket.socket) -> None:
    """One gateway process: answers trackers, keeps its access directory, writes what it has noted."""
    # Without a ping before each use: a tracker whose call meets a restarted database comes again, nothing is lost.
    # Nobody waits for a connection longer than a tracker waits for the answer to a poll.
    engine = create_engine(config.database_url, name="tracking-gateway", pool_size=20, patience=4, ping=False)
    bus = Bus(config.nats_url, name="tracking-gateway")
    tenancy = TenancyClient(config.tenancy_address, config)
    billing = BillingClient(config.billing_address, config)
    peppers = Peppers(*config.peppers())
    directory = AccessDirectory(peppers)
    sync = AccessSync(directory, tenancy, billing)
    commit = GroupCommit(IngestWriter(config.ingest_database_url))
    heartbeats = create_engine(config.heartbeat_database_url, name="tracking-heartbeat", pool_size=2)
    life = SignsOfLife(heartbeats, tenancy.report_sync)
    key_uses = KeyUses(heartbeats, partial(tenancy.report_key_use, pepper_id=peppers.newest_id))
    decoder = Decoder()
    screenshots = ScreenshotTaker(engine, PictureStore(config.pictures_url), decoder, directory.storage_of)
    authenticator = Authenticator(engine)
    large_uploads = LargeUploadReader()
    uploads = UploadTaker(engine, commit, authenticator.forget)
    calls = Gateway(engine, authenticator, uploads, screenshots, life, key_uses, large_uploads, Room())
    # Not the bus: without its nudges the directory is a second older, and no reason to take every gateway away.
    health = health_routes({"database": partial(ping, engine), "tenancy and billing": sync.check_confirmed})
    watch = ConfigWatch()
    sync.listen(watch.changed)
    native = NativeApi(Native(calls, Admission(directory, sync), RecordTaker(engine, commit), watch))
    desktop = DesktopApi(calls, directory, sync)
    app = Starlette(routes=[*health, Route("/v1/{rest:path}", native), Mount("/", desktop)])
    await run_tasks(
        serve(behind(app, config.proxies), listener, protocol=UploadProtocol.of(Uploads(calls, directory))),
        sync.run(),
        commit.run(),
        forever("follow devices", authenticator.follow_changes, idle=0),
        decoder.run(),
        large_uploads.run(),
        bus.run(*((subject, sync.nudge) for subject in CHANGES)),
        forever("write sessions", life.write_sessions, idle=10),
        forever("report companies", life.report_companies, idle=3),
        forever("report key uses", key_uses.report, idle=60),
        while_parent_lives(),
    )


async def aggregator(config: settings.Aggregator) -> None:
    """Folds claims into totals, publishes the aggregate feed, and does what time brings: sessions that fell silent,
    screenshots that are too old, use of deleted sessions that came late, companies that moved to another time zone.
    """
    engine = create_engine(config.database_url, name="tracking-aggregator")
    dispatch = create_engine(config.dispatch_database_url, name="tracking-dispatch", pool_size=4)
    folding = create_engine(config.fold_database_url, name="tracking-fold", pool_size=1)
    bus = Bus(config.nats_url, name="tracking-aggregator")
    relay = Relay(dispatch, bus, source="tracking", stream=STREAM)
    announced = asyncio.Event()
    aggregation = Aggregation(folding, dispatch, company_month_event, announced.set)

    pictures = PictureStore(config.pictures_url)
    directory = AccessDirectory(Peppers(b""))  # nobody shows a key here
    sync = AccessSync(
        directory, TenancyClient(config.tenancy_address, config), BillingClient(config.billing_address, config)
    )
    time_zones = TimeZones(engine, dispatch, company_month_event)

    def retention(company_id: UUID) -> timedelta | None:
        access = directory.company(company_id, now=datetime.now(UTC), monotonic=time.monotonic())
        if access.verdict is Verdict.UNCONFIRMED or access.entitlement is None:
            return None
        return timedelta(days=access.entitlement.screenshot_retention_days)

    async def publish() -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(announced.wait(), BEAT)
        announced.clear()
        return await relay.publish_waiting()

    async def end_silent() -> bool:
        await end_silent_sessions(engine, dispatch)
        return False

    async def remove_old() -> bool:
        return await remove_old_screenshots(engine, dispatch, pictures, retention, datetime.now(UTC))

    async def erase_late() -> bool:
        await erase_late_use(engine, dispatch, datetime.now(UTC))
        return False

    async def follow_time_zones() -> bool:
        return await time_zones.follow(directory.company_revision, directory.time_zones)

    await run_tasks(
        bus.run(*((subject, sync.nudge) for subject in CHANGES)),
        sync.run(UNHURRIED),
        forever("fold", aggregation.fold_and_rest, idle=BEAT),
        forever("end silent sessions", end_silent, idle=30),
        forever("remove old screenshots", remove_old, idle=600),
        forever("erase late use", erase_late, idle=600),
        forever("follow time zones", follow_time_zones, idle=1),
        forever("relay", publish, idle=0),
    )


async def workspace(config: settings.Workspace, listener: socket.socket) -> None:
    """The pages of admins and employees."""
    engine = create_engine(config.database_url, name="tracking-workspace", statement_timeout=PAGE_STATEMENT_TIMEOUT)
    dispatch = create_engine(
        config.dispatch_database_url,
        name="tracking-workspace-dispatch",
        pool_size=2,
        statement_timeout=PAGE_STATEMENT_TIMEOUT,
    )
    bus = Bus(config.nats_url, name="tracking-workspace")
    directory = AccessDirectory(Peppers(*config.peppers()))
    sync = AccessSync(
        directory, TenancyClient(config.tenancy_address, config), BillingClient(config.billing_address, config)
    )
    health = health_routes({"database": partial(ping, engine), "tenancy and billing": sync.check_confirmed})
    pictures = PictureStore(config.pictures_url)
    app = workspace_app(
        engine,
        dispatch,
        directory,
        sync,
        health=health,
        pictures=pictures,
        cookie_secure=config.cookie_secure,
        sends_mail=bool(config.mail_url),
    )
    await run_tasks(
        serve(behind(app, config.proxies), listener),
        sync.run(),
        bus.run(*((subject, sync.nudge) for subject in CHANGES)),
        *_mailing(config, engine, dispatch),
    )


def _mailing(
    config: settings.Workspace, engine: AsyncEngine, dispatch: AsyncEngine
) -> list[Coroutine[None, None, None]]:
    """Answers requests for links and hands mails over; nothing where no way for mails is set."""
    if not config.mail_url:
        return []
    sender = open_sender(config.mail_url, from_address=config.mail_from, setting="TRACKING_MAIL_URL")
    outside = partial(company_scope, engine, NO_COMPANY)

    async def answer() -> bool:
        return await answer_requests(engine, dispatch, workspace_url=config.workspace_url)

    async def hand_over() -> bool:
        return await send_mail(outside, sender=sender)

    return [forever("answer password resets", answer, idle=1), forever("send mail", hand_over, idle=2)]


def _serve_gateway(listener: socket.socket) -> None:
    config = settings.Gateway()
    telemetry.configure("tracking-gateway", config.log_level)
    run_process(gateway(config, listener))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tenantry-tracking", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring the database to the newest version (needs the owner's role)")
    commands.add_parser("gateway", help="answer desktop trackers")
    commands.add_parser("aggregator", help="fold claims into totals and publish the aggregate feed")
    commands.add_parser("workspace", help="serve the pages of admins and employees")
    commands.add_parser("describe", help="print the gateway's OpenAPI description")
    commands.add_parser("reconcile", help="recompute all totals from raw rows; exit 1 when any differs")
    commands.add_parser("recount", help="add all days up anew from what is kept by the hour")
    sign_ins = commands.add_parser(
        "sign-ins", help="list accounts and networks that may not sign in now, or let one in"
    )
    sign_ins.add_argument("--lift", metavar="E-MAIL|ADDRESS", help="forgive what is counted against it, everywhere")
    commands.add_parser("rebuild-feed", help="announce every month of every company again")
    recover = commands.add_parser(
        "recover-admin", help="print a one-time link that sets an admin's password; asks for the company key"
    )
    recover.add_argument("--email", required=True, help="of an active admin of the company")
    seed = commands.add_parser("seed-demo", help="fill companies with people and history")
    seed.add_argument("--file", type=Path, required=True, help="what to fill in, as JSON")
    return parser


def cli() -> None:
    """`tenantry-tracking COMMAND`."""
    arguments = _parser().parse_args()
    match arguments.command:
        case "migrate":
            migrations.upgrade(settings.Migration().migration_database_url, "tracking.db.store")
        case "gateway":
            config = settings.Gateway()
            run_workers(_serve_gateway, bind(config.gateway_listen), config.gateway_workers)
        case "aggregator":
            os.nice(LESS_URGENT)
            telemetry.configure("tracking-aggregator", settings.Aggregator().log_level)
            run_process(aggregator(settings.Aggregator()))
        case "workspace":
            pages = settings.Workspace()
            telemetry.configure("tracking-workspace", pages.log_level)
            run_process(workspace(pages, bind(pages.workspace_listen)))
        case "describe":
            sys.stdout.buffer.write(native_app.description())
        case "reconcile":
            run_process(maintenance.reconcile_all(settings.Maintenance()))
        case "recount":
            run_process(maintenance.recount_all(settings.Maintenance()))
        case "sign-ins":
            run_process(maintenance.sign_ins(settings.Maintenance(), lift=arguments.lift))
        case "rebuild-feed":
            run_process(maintenance.rebuild_all(settings.Maintenance()))
        case "recover-admin":
            recovery = settings.Recovery()
            telemetry.configure("tracking-recover-admin", recovery.log_level)
            try:
                run_process(maintenance.recover(recovery, email=arguments.email, key=maintenance.read_key()))
            except AppError as error:
                sys.exit(error.message)
        case "seed-demo":
            run_process(maintenance.seed_demo(settings.Command(), msgspec.json.decode(arguments.file.read_bytes())))


if __name__ == "__main__":
    cli()
