"""The copies of companies and subscriptions. An older revision never replaces a newer one.

Tenancy and billing fill separate columns of a company's row; the first of them creates the row.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.db.store.columns import columns
from owner_portal.directory.rules import Company, Subscription, SyncTime
from text_rules.lines import name_key
from text_rules.ordering import sort_key
from text_rules.search import search_text

_SAVE_COMPANIES = text("""
    WITH saved AS (
        INSERT INTO company AS held (company_id, name, email, contact_person, phone, address, time_zone, day_zone,
                                     state, key_hint, logo_digest, created_at, revision, status,
                                     name_key, name_order, email_order, search_text)
        SELECT new.company_id, new.name, new.email, new.contact_person, new.phone, new.address, new.time_zone,
               coalesce(zone.name, 'UTC'), new.state, new.key_hint, new.logo_digest, new.created_at, new.revision,
               company_status(new.state, NULL, NULL), new.name_key, new.name_order, new.email_order, new.search_text
        FROM unnest(CAST(:company_id AS uuid[]), CAST(:name AS text[]), CAST(:email AS text[]),
                    CAST(:contact_person AS text[]), CAST(:phone AS text[]), CAST(:address AS text[]),
                    CAST(:time_zone AS text[]), CAST(:state AS text[]), CAST(:key_hint AS text[]),
                    CAST(:logo_digest AS text[]), CAST(:created_at AS timestamptz[]), CAST(:revision AS bigint[]),
                    CAST(:name_key AS text[]), CAST(:name_order AS bytea[]), CAST(:email_order AS bytea[]),
                    CAST(:search_text AS text[]))
            AS new (company_id, name, email, contact_person, phone, address, time_zone, state, key_hint, logo_digest,
                    created_at, revision, name_key, name_order, email_order, search_text)
        LEFT JOIN pg_timezone_names zone ON zone.name = new.time_zone
        ORDER BY new.company_id
        ON CONFLICT (company_id) DO UPDATE
        SET name = excluded.name, email = excluded.email, contact_person = excluded.contact_person,
            phone = excluded.phone, address = excluded.address, time_zone = excluded.time_zone,
            day_zone = excluded.day_zone, state = excluded.state, key_hint = excluded.key_hint,
            logo_digest = excluded.logo_digest, created_at = excluded.created_at, revision = excluded.revision,
            status = company_status(excluded.state, held.subscription_state, held.expires_at),
            name_key = excluded.name_key, name_order = excluded.name_order, email_order = excluded.email_order,
            search_text = excluded.search_text
        WHERE held.revision IS NULL OR held.revision < excluded.revision
        RETURNING company_id
    ), listed AS (
        INSERT INTO company_usage (company_id) SELECT company_id FROM saved ORDER BY company_id ON CONFLICT DO NOTHING
    )
    SELECT company_id FROM saved
""")

_SAVE_SUBSCRIPTIONS = text("""
    INSERT INTO company AS held (company_id, plan_code, plan_version, subscription_state, started_at, expires_at,
                                 charged_until, price_minor_units, monthly_revenue_minor_units, currency, seats_limit,
                                 storage_limit, screenshot_retention_days, subscription_revision, status)
    SELECT new.*, company_status('ACTIVE', new.state, new.expires_at)
    FROM unnest(CAST(:company_id AS uuid[]), CAST(:plan_code AS text[]), CAST(:plan_version AS integer[]),
                CAST(:state AS text[]), CAST(:started_at AS timestamptz[]), CAST(:expires_at AS timestamptz[]),
                CAST(:charged_until AS timestamptz[]), CAST(:price_minor_units AS bigint[]),
                CAST(:monthly_revenue_minor_units AS bigint[]), CAST(:currency AS text[]), CAST(:seats AS bigint[]),
                CAST(:storage_bytes AS bigint[]), CAST(:screenshot_retention_days AS bigint[]),
                CAST(:revision AS bigint[])) AS new (company_id, plan_code, plan_version, state, started_at, expires_at)
    ORDER BY new.company_id
    ON CONFLICT (company_id) DO UPDATE
    SET plan_code = excluded.plan_code, plan_version = excluded.plan_version,
        subscription_state = excluded.subscription_state, started_at = excluded.started_at,
        expires_at = excluded.expires_at, charged_until = excluded.charged_until,
        price_minor_units = excluded.price_minor_units,
        monthly_revenue_minor_units = excluded.monthly_revenue_minor_units, currency = excluded.currency,
        seats_limit = excluded.seats_limit, storage_limit = excluded.storage_limit,
        screenshot_retention_days = excluded.screenshot_retention_days,
        subscription_revision = excluded.subscription_revision,
        status = company_status(held.state, excluded.subscription_state, excluded.expires_at)
    WHERE held.subscription_revision IS NULL OR held.subscription_revision < excluded.subscription_revision
    RETURNING company_id
""")

_SAVE_SYNC_TIMES = text("""
    INSERT INTO company AS held (company_id, last_sync_at, status)
    SELECT new.*, company_status('ACTIVE', NULL, NULL)
    FROM unnest(CAST(:company_id AS uuid[]), CAST(:last_sync_at AS timestamptz[])) AS new (company_id)
    ORDER BY new.company_id
    ON CONFLICT (company_id) DO UPDATE SET last_sync_at = excluded.last_sync_at
    WHERE held.last_sync_at IS NULL OR held.last_sync_at < excluded.last_sync_at
    RETURNING company_id
""")

_EXPIRE = text("""
    UPDATE company SET status = company_status(state, subscription_state, expires_at)
    WHERE status IN ('TRIAL', 'ACTIVE', 'PAST_DUE') AND expires_at <= now()
    RETURNING company_id
""")

_FORGET_COMPANIES = text("UPDATE company SET revision = NULL")

_FORGET_SUBSCRIPTIONS = text("""
    UPDATE company
    SET subscription_revision = NULL, subscription_state = NULL, plan_code = NULL, plan_version = NULL,
        started_at = NULL, expires_at = NULL, charged_until = NULL, price_minor_units = NULL,
        monthly_revenue_minor_units = NULL, currency = NULL, seats_limit = NULL, storage_limit = NULL,
        screenshot_retention_days = NULL, status = company_status(state, NULL, NULL)
""")


async def save_companies(tx: AsyncConnection, companies: Sequence[Company]) -> set[UUID]:
    """Stores companies, each at most once per batch; returns the ids of new or newer ones."""
    if not companies:
        return set()
    return set((await tx.execute(_SAVE_COMPANIES, columns(companies) | _derived(companies))).scalars())


def _derived(companies: Sequence[Company]) -> dict[str, list[str] | list[bytes]]:
    return {
        "name_key": [name_key(each.name) for each in companies],
        "name_order": [sort_key(each.name) for each in companies],
        "email_order": [sort_key(each.email) for each in companies],
        "search_text": [search_text(each.name, each.email, each.contact_person) for each in companies],
    }


async def save_subscriptions(tx: AsyncConnection, subscriptions: Sequence[Subscription]) -> set[UUID]:
    """The same for subscriptions."""
    if not subscriptions:
        return set()
    return set((await tx.execute(_SAVE_SUBSCRIPTIONS, columns(subscriptions))).scalars())


async def save_sync_times(tx: AsyncConnection, times: Sequence[SyncTime]) -> set[UUID]:
    """The same for sync times; an older one changes nothing."""
    if not times:
        return set()
    return set((await tx.execute(_SAVE_SYNC_TIMES, columns(times))).scalars())


async def expire(tx: AsyncConnection) -> set[UUID]:
    """Updates the status of subscriptions whose period has ended; returns their companies."""
    return set((await tx.execute(_EXPIRE)).scalars())


async def forget_companies(tx: AsyncConnection) -> None:
    """Drops the copy of tenancy's companies: a company is hidden until it is reloaded."""
    await tx.execute(_FORGET_COMPANIES)


async def forget_subscriptions(tx: AsyncConnection) -> None:
    """Drops the copy of billing's subscriptions."""
    await tx.execute(_FORGET_SUBSCRIPTIONS)
