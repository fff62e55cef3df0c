"""What tenancy and billing told of the companies. An older revision never replaces a newer one."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.domain.companies import Company, Subscription, SyncTime
from owner_portal.store.columns import columns

_SAVE_COMPANIES = text("""
    INSERT INTO company AS held (company_id, name, email, contact_person, phone, address, time_zone, day_zone,
                                 suspended, key_hint, created_at, revision)
    SELECT new.company_id, new.name, new.email, new.contact_person, new.phone, new.address, new.time_zone,
           coalesce(zone.name, 'UTC'), new.suspended, new.key_hint, new.created_at, new.revision
    FROM unnest(CAST(:company_id AS uuid[]), CAST(:name AS text[]), CAST(:email AS text[]),
                CAST(:contact_person AS text[]), CAST(:phone AS text[]), CAST(:address AS text[]),
                CAST(:time_zone AS text[]), CAST(:suspended AS boolean[]), CAST(:key_hint AS text[]),
                CAST(:created_at AS timestamptz[]), CAST(:revision AS bigint[]))
        AS new (company_id, name, email, contact_person, phone, address, time_zone, suspended, key_hint, created_at,
                revision)
    LEFT JOIN pg_timezone_names zone ON zone.name = new.time_zone
    ORDER BY new.company_id
    ON CONFLICT (company_id) DO UPDATE
    SET name = excluded.name, email = excluded.email, contact_person = excluded.contact_person,
        phone = excluded.phone, address = excluded.address, time_zone = excluded.time_zone,
        day_zone = excluded.day_zone, suspended = excluded.suspended, key_hint = excluded.key_hint,
        created_at = excluded.created_at, revision = excluded.revision
    WHERE held.revision < excluded.revision
    RETURNING company_id
""")

_SAVE_SUBSCRIPTIONS = text("""
    INSERT INTO subscription AS held (company_id, plan_code, state, started_at, expires_at, price_minor_units,
                                      currency, seats, storage_bytes, screenshot_retention_days, revision)
    SELECT * FROM unnest(CAST(:company_id AS uuid[]), CAST(:plan_code AS text[]), CAST(:state AS text[]),
                         CAST(:started_at AS timestamptz[]), CAST(:expires_at AS timestamptz[]),
                         CAST(:price_minor_units AS bigint[]), CAST(:currency AS text[]), CAST(:seats AS bigint[]),
                         CAST(:storage_bytes AS bigint[]), CAST(:screenshot_retention_days AS bigint[]),
                         CAST(:revision AS bigint[])) AS new (company_id)
    ORDER BY new.company_id
    ON CONFLICT (company_id) DO UPDATE
    SET plan_code = excluded.plan_code, state = excluded.state, started_at = excluded.started_at,
        expires_at = excluded.expires_at, price_minor_units = excluded.price_minor_units,
        currency = excluded.currency, seats = excluded.seats, storage_bytes = excluded.storage_bytes,
        screenshot_retention_days = excluded.screenshot_retention_days, revision = excluded.revision
    WHERE held.revision < excluded.revision
    RETURNING company_id
""")

_SAVE_SYNC_TIMES = text("""
    INSERT INTO company_sync AS held (company_id, last_sync_at)
    SELECT * FROM unnest(CAST(:company_id AS uuid[]), CAST(:last_sync_at AS timestamptz[])) AS new (company_id)
    ORDER BY new.company_id
    ON CONFLICT (company_id) DO UPDATE SET last_sync_at = excluded.last_sync_at
    WHERE held.last_sync_at < excluded.last_sync_at
    RETURNING company_id
""")

_FORGET_COMPANIES = text("DELETE FROM company")

_FORGET_SUBSCRIPTIONS = text("DELETE FROM subscription")


async def save_companies(tx: AsyncConnection, companies: Sequence[Company]) -> set[UUID]:
    """Stores each company once a batch; returns the ids of those that were new or newer."""
    if not companies:
        return set()
    return set((await tx.execute(_SAVE_COMPANIES, columns(companies))).scalars())


async def save_subscriptions(tx: AsyncConnection, subscriptions: Sequence[Subscription]) -> set[UUID]:
    """The same for subscriptions."""
    if not subscriptions:
        return set()
    return set((await tx.execute(_SAVE_SUBSCRIPTIONS, columns(subscriptions))).scalars())


async def save_sync_times(tx: AsyncConnection, times: Sequence[SyncTime]) -> set[UUID]:
    """The same for signs of life; an older one changes nothing."""
    if not times:
        return set()
    return set((await tx.execute(_SAVE_SYNC_TIMES, columns(times))).scalars())


async def forget_companies(tx: AsyncConnection) -> None:
    """Drops the copy of tenancy's companies."""
    await tx.execute(_FORGET_COMPANIES)


async def forget_subscriptions(tx: AsyncConnection) -> None:
    """Drops the copy of billing's subscriptions."""
    await tx.execute(_FORGET_SUBSCRIPTIONS)
