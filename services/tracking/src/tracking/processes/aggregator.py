"""The aggregator process."""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from servicekit.bus import Bus
from servicekit.database import create_engine
from servicekit.lifecycle import repeat, run_tasks
from servicekit.relay import Relay
from tracking import settings
from tracking.access.client.billing import BillingClient
from tracking.access.client.tenancy import TenancyClient
from tracking.access.rules.company_keys import Peppers
from tracking.access.rules.directory import AccessDirectory, Verdict
from tracking.access.worker import CHANGES, RELAXED_INTERVAL, AccessSync
from tracking.checking.use_cases.recount import recount_days
from tracking.company.use_cases.change_time_zone import TimeZones
from tracking.publishing.messages import STREAM, company_month_event
from tracking.screenshots.store.pictures import PictureStore
from tracking.screenshots.use_cases.remove_old_screenshots import remove_old_screenshots
from tracking.session_deletion.use_cases import erase_late_use
from tracking.sessions.use_cases.lifecycle import end_silent_sessions
from tracking.totals.worker import MIN_REST_SECONDS, Aggregation


async def aggregator(config: settings.AggregatorSettings) -> None:
    """Folds claims into totals, publishes the aggregate feed, and does periodic work: ends silent sessions, removes old
    screenshots, erases late use of deleted sessions, and follows changes of time zone.
    """
    engine = create_engine(config.database_url, name="tracking-aggregator")
    dispatch = create_engine(config.dispatch_database_url, name="tracking-dispatch", pool_size=4)
    folding = create_engine(config.fold_database_url, name="tracking-fold", pool_size=1)
    bus = Bus(config.nats_url, name="tracking-aggregator")
    relay = Relay(dispatch, bus, source="tracking", stream=STREAM)
    announced = asyncio.Event()
    aggregation = Aggregation(folding, dispatch, company_month_event, announced.set)

    pictures = PictureStore(config.pictures_url)
    directory = AccessDirectory(Peppers(b""))  # the aggregator checks no keys
    sync = AccessSync(
        directory, TenancyClient(config.tenancy_address, config), BillingClient(config.billing_address, config)
    )
    time_zones = TimeZones(engine, dispatch, partial(recount_days, encode=company_month_event))

    def retention(company_id: UUID) -> timedelta | None:
        access = directory.company(company_id, now=datetime.now(UTC), monotonic=time.monotonic())
        if access.verdict is Verdict.UNCONFIRMED or access.entitlement is None:
            return None
        return timedelta(days=access.entitlement.screenshot_retention_days)

    async def publish() -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(announced.wait(), MIN_REST_SECONDS)
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
        sync.run(RELAXED_INTERVAL),
        repeat("fold", aggregation.fold_and_rest, idle=MIN_REST_SECONDS),
        repeat("end silent sessions", end_silent, idle=30),
        repeat("remove old screenshots", remove_old, idle=600),
        repeat("erase late use", erase_late, idle=600),
        repeat("follow time zones", follow_time_zones, idle=1),
        repeat("relay", publish, idle=0),
    )
