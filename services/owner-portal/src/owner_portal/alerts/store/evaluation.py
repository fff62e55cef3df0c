"""The evaluation of alerts: three statements for all companies."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.alerts.rules.alerts import Alert, AlertKind, AlertStage, AlertState, Situation
from owner_portal.alerts.rules.silence import WINDOW, Signs
from owner_portal.db.store.columns import columns
from owner_portal.directory.rules import Status

BATCH = 250
_LOCK = 0x616C657274  # "alert": the number of the advisory lock

# A rhythm is computed once per company and day. One without any work is recomputed: its history may just have arrived.
_TAKE_TURN = text("""
    WITH turn AS (
        UPDATE alert_turn SET taken_at = now()
        WHERE taken_at <= now() - interval '50 seconds' AND pg_try_advisory_xact_lock(:lock)
        RETURNING one
    ), due AS (
        SELECT c.company_id, (now() AT TIME ZONE c.day_zone)::date AS today
        FROM company c LEFT JOIN company_rhythm r USING (company_id)
        WHERE EXISTS (SELECT FROM turn)
          AND (r.until_day IS DISTINCT FROM (now() AT TIME ZONE c.day_zone)::date OR r.active_days = 0)
    ), kept AS (
        INSERT INTO company_rhythm AS r (company_id, until_day, active_days)
        SELECT company_id, today, coalesce((
            SELECT sum(1::bigint << (due.today - d.day - 1)) FROM company_day d
            WHERE d.company_id = due.company_id AND d.day < due.today AND d.day >= due.today - CAST(:window AS integer)
              AND d.active_seconds > 0
        ), 0)::bigint
        FROM due
        ON CONFLICT (company_id) DO UPDATE SET until_day = excluded.until_day, active_days = excluded.active_days
        WHERE (r.until_day, r.active_days) IS DISTINCT FROM (excluded.until_day, excluded.active_days)
    )
    SELECT EXISTS (SELECT FROM turn)
""")

_SITUATIONS = text("""
    SELECT d.company_id, d.status, d.expires_at, d.charged_until IS NULL OR d.status = 'CANCELLED' AS ends,
           d.seats_used, d.seats_limit, d.storage_used, d.storage_limit, d.today, d.last_sync_at,
           (d.last_sync_at AT TIME ZONE c.day_zone)::date AS synced_on,
           (live.silent_since AT TIME ZONE c.day_zone)::date AS silent_on, r.active_days, heard.lately, live.*
    FROM directory d
    JOIN company c USING (company_id)
    LEFT JOIN company_rhythm r ON r.company_id = d.company_id AND r.until_day = d.today
    LEFT JOIN (
        SELECT company_id AS of_company, array_agg(kind) AS kinds, array_agg(stage) AS stages,
               array_agg(state) AS states, array_agg(raised_at) AS raised, array_agg(snoozed_until) AS snoozed,
               max(raised_at) FILTER (WHERE kind = 'SILENT') AS silent_since
        FROM alert WHERE state <> 'RESOLVED' GROUP BY company_id
    ) live ON live.of_company = d.company_id
    CROSS JOIN (
        SELECT coalesce(bool_and(confirmed_at > now() - interval '1 minute'), false) AS lately
        FROM source WHERE name IN ('sync_times', 'usage')
    ) heard
""")

# An answer of an owner during the evaluation is not overwritten.
_SAVE = text("""
    INSERT INTO alert AS held (company_id, kind, stage, state, raised_at, snoozed_until, changed_at)
    SELECT new.*, now()
    FROM unnest(CAST(:company_id AS uuid[]), CAST(:kind AS text[]), CAST(:stage AS smallint[]),
                CAST(:state AS text[]), CAST(:raised_at AS timestamptz[]), CAST(:snoozed_until AS timestamptz[])) AS new
    ON CONFLICT (company_id, kind) DO UPDATE
    SET stage = excluded.stage, state = excluded.state, raised_at = excluded.raised_at,
        snoozed_until = excluded.snoozed_until, changed_at = excluded.changed_at, changed_by = ''
    WHERE held.changed_at <= excluded.changed_at
""")


async def take_turn(tx: AsyncConnection) -> bool:
    """Returns whether this process evaluates now; if so, the rhythms are up to date afterwards."""
    taken: bool = (await tx.execute(_TAKE_TURN, {"lock": _LOCK, "window": WINDOW})).scalar_one()
    return taken


async def read_situations(tx: AsyncConnection) -> AsyncIterator[list[tuple[Situation, Mapping[AlertKind, Alert]]]]:
    """Every company with its unresolved alerts, in batches, so that other tasks of the process run in between."""
    async with tx.stream(_SITUATIONS, execution_options={"yield_per": BATCH}) as rows:
        async for batch in rows.partitions():
            yield [(_situation(row), dict(_live(row))) for row in batch]


async def save(tx: AsyncConnection, alerts: Sequence[Alert]) -> None:
    """Stores alerts, one per company and kind."""
    if alerts:
        await tx.execute(_SAVE, columns(alerts))


def _situation(row: Row[tuple[object, ...]]) -> Situation:
    known = row.lately and row.active_days is not None
    return Situation(
        company_id=row.company_id,
        status=Status(row.status),
        expires_at=row.expires_at,
        ends=row.ends,
        seats_used=row.seats_used,
        seats_limit=row.seats_limit,
        storage_used=row.storage_used,
        storage_limit=row.storage_limit,
        signs=Signs(row.today, row.active_days, row.synced_on, row.last_sync_at) if known else None,
        silent_on=row.silent_on,
    )


def _live(row: Row[tuple[object, ...]]) -> Iterator[tuple[AlertKind, Alert]]:
    company_id: UUID = row.company_id
    for kind, stage, state, raised_at, snoozed_until in zip(
        row.kinds or (), row.stages or (), row.states or (), row.raised or (), row.snoozed or (), strict=True
    ):
        yield (
            AlertKind(kind),
            Alert(company_id, AlertKind(kind), AlertStage(stage), AlertState(state), raised_at, snoozed_until),
        )
