"""The gateway process."""

import socket
from functools import partial

from starlette.applications import Starlette
from starlette.routing import Mount, Route

from servicekit.bus import Bus
from servicekit.database import create_engine, ping
from servicekit.http_proxies import trust_proxies
from servicekit.http_server import health_routes, serve
from servicekit.lifecycle import repeat, run_tasks
from tracking import settings
from tracking.access.api import Admission
from tracking.access.client.billing import BillingClient
from tracking.access.client.tenancy import TenancyClient
from tracking.access.rules.company_keys import Peppers
from tracking.access.rules.directory import AccessDirectory
from tracking.access.use_cases import ConfigWatch
from tracking.access.worker import CHANGES, AccessSync
from tracking.devices.use_cases.authenticate import Authenticator
from tracking.devices.use_cases.key_use import KeyUses
from tracking.gateway.api.context import Gateway, Native
from tracking.gateway.api.desktop import DesktopApi
from tracking.gateway.api.native import NativeApi
from tracking.ingest.api.large_uploads import LargeUploadReader
from tracking.ingest.fastpath.api.ordinary_uploads import FastPath
from tracking.ingest.fastpath.api.protocol import UploadProtocol
from tracking.ingest.fastpath.store.writer import IngestWriter
from tracking.ingest.use_cases.group_commit import GroupCommit
from tracking.ingest.use_cases.sync_records import RecordTaker
from tracking.ingest.use_cases.take_upload import UploadTaker
from tracking.processes.workers import while_parent_lives
from tracking.protocols.large_bodies import BodyAdmission
from tracking.screenshots.imaging.decoder import Decoder
from tracking.screenshots.store.pictures import PictureStore
from tracking.screenshots.use_cases.take_screenshot import ScreenshotTaker
from tracking.sessions.use_cases.heartbeats import Heartbeats


async def gateway(config: settings.GatewaySettings, listener: socket.socket) -> None:
    """One gateway process: answers trackers and agents, keeps its access directory, and writes collected heartbeats."""
    # No ping before each use: after a restart of the database a tracker repeats its call.
    # A connection is awaited no longer than a tracker waits for the response to a poll.
    engine = create_engine(config.database_url, name="tracking-gateway", pool_size=20, pool_timeout=4, ping=False)
    bus = Bus(config.nats_url, name="tracking-gateway")
    tenancy = TenancyClient(config.tenancy_address, config)
    billing = BillingClient(config.billing_address, config)
    peppers = Peppers(*config.peppers())
    directory = AccessDirectory(peppers)
    sync = AccessSync(directory, tenancy, billing)
    commit = GroupCommit(IngestWriter(config.ingest_database_url))
    heartbeat_engine = create_engine(config.heartbeat_database_url, name="tracking-heartbeat", pool_size=2)
    heartbeats = Heartbeats(heartbeat_engine, tenancy.report_sync)
    key_uses = KeyUses(heartbeat_engine, partial(tenancy.report_key_use, pepper_id=peppers.newest_id))
    decoder = Decoder()
    screenshots = ScreenshotTaker(engine, PictureStore(config.pictures_url), decoder, directory.storage_of)
    authenticator = Authenticator(engine)
    large_uploads = LargeUploadReader()
    uploads = UploadTaker(engine, commit, authenticator.forget)
    calls = Gateway(engine, authenticator, uploads, screenshots, heartbeats, key_uses, large_uploads, BodyAdmission())
    # The bus is left out: without events the directory is at most a second older.
    health = health_routes({"database": partial(ping, engine), "tenancy and billing": sync.check_confirmed})
    watch = ConfigWatch()
    sync.listen(watch.changed)
    native = NativeApi(Native(calls, Admission(directory, sync), RecordTaker(engine, commit), watch))
    desktop = DesktopApi(calls, directory, sync)
    app = Starlette(routes=[*health, Route("/v1/{rest:path}", native), Mount("/", desktop)])
    await run_tasks(
        serve(trust_proxies(app, config.proxies), listener, protocol=UploadProtocol.of(FastPath(calls, directory))),
        sync.run(),
        commit.run(),
        repeat("follow devices", authenticator.follow_changes, idle=0),
        decoder.run(),
        large_uploads.run(),
        bus.run(*((subject, sync.nudge) for subject in CHANGES)),
        repeat("write sessions", heartbeats.write_sessions, idle=10),
        repeat("report companies", heartbeats.report_companies, idle=3),
        repeat("report key uses", key_uses.report, idle=60),
        while_parent_lives(),
        drain_seconds=config.drain_seconds,
    )
