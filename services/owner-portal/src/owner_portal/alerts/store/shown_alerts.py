"""The list of alerts, and their answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.alerts.rules.alerts import AlertKind, AlertStage, AlertState
from owner_portal.alerts.rules.listing import ALL, PAGE_SIZE, AlertListing, ShownAlert

# As in the list, only alerts of known companies.
_COUNT_OPEN = text("SELECT count(*) FROM alert JOIN directory USING (company_id) WHERE alert.state = 'OPEN'")

_COUNTS = text("""
    SELECT a.kind, a.state, count(*) AS alerts FROM alert a JOIN directory USING (company_id)
    WHERE a.state <> 'RESOLVED' GROUP BY a.kind, a.state
""")

_SHOWN = """
    SELECT a.company_id, d.name AS company, a.kind, a.stage, a.state, a.raised_at, a.changed_at, a.changed_by,
           a.snoozed_until, d.expires_at, d.seats_used, d.seats_limit, d.storage_used, d.storage_limit,
           greatest((d.last_sync_at AT TIME ZONE c.day_zone)::date, (
               SELECT max(day) FROM company_day w
               WHERE a.kind = 'SILENT' AND w.company_id = a.company_id AND w.active_seconds > 0
           )) AS last_seen, count(*) OVER () AS matches
    FROM alert a JOIN directory d USING (company_id) JOIN company c USING (company_id)
"""

_LIST = text(
    _SHOWN
    + """
    WHERE (:state = :all OR a.state = :state) AND (CAST(:kind AS text) IS NULL OR a.kind = :kind)
    ORDER BY a.state = 'RESOLVED', a.stage DESC, a.raised_at DESC, c.name_order, a.company_id, a.kind
    LIMIT :limit OFFSET :offset
"""
)

_LIST_RISEN = text(
    _SHOWN
    + """
    WHERE a.state = 'OPEN' AND a.raised_at > coalesce(CAST(:since AS timestamptz), '-infinity')
    ORDER BY a.stage DESC, c.name_order, a.company_id, a.kind LIMIT :limit
"""
)

_ANSWER = text("""
    UPDATE alert SET state = :state, snoozed_until = CAST(:until AS timestamptz), changed_at = now(), changed_by = :by
    WHERE (company_id, kind) IN (SELECT * FROM unnest(CAST(:companies AS uuid[]), CAST(:kinds AS text[])))
      AND state <> 'RESOLVED'
    RETURNING company_id, kind
""")


async def count_open(tx: AsyncConnection) -> int:
    """The number of open alerts."""
    count: int = (await tx.execute(_COUNT_OPEN)).scalar_one()
    return count


async def count(tx: AsyncConnection) -> Mapping[tuple[AlertKind, AlertState], int]:
    """The number of alerts by kind and state, without resolved ones."""
    return {(AlertKind(row.kind), AlertState(row.state)): row.alerts for row in await tx.execute(_COUNTS)}


async def list_alerts(tx: AsyncConnection, listing: AlertListing) -> tuple[list[ShownAlert], int]:
    """One page, most severe first, and the number of matches; 0 beyond the last page."""
    values = {
        "state": listing.state,
        "all": ALL,
        "kind": listing.kind.value if listing.kind else None,
        "limit": PAGE_SIZE,
        "offset": listing.offset,
    }
    return await _shown(tx, _LIST, values)


async def list_risen(tx: AsyncConnection, *, since: datetime | None, limit: int) -> tuple[list[ShownAlert], int]:
    """Alerts opened since then (None: all), and their total number."""
    return await _shown(tx, _LIST_RISEN, {"since": since, "limit": limit})


async def answer(
    tx: AsyncConnection, alerts: Sequence[tuple[UUID, AlertKind]], *, state: AlertState, until: datetime | None, by: str
) -> list[tuple[UUID, AlertKind]]:
    """Changes the state of live alerts; returns those that were live."""
    values = {
        "companies": [company_id for company_id, _kind in alerts],
        "kinds": [kind.value for _company_id, kind in alerts],
        "state": state.value,
        "until": until,
        "by": by,
    }
    return [(row.company_id, AlertKind(row.kind)) for row in await tx.execute(_ANSWER, values)]


async def _shown(
    tx: AsyncConnection, statement: TextClause, values: Mapping[str, object]
) -> tuple[list[ShownAlert], int]:
    rows = (await tx.execute(statement, values)).all()
    return [_alert(row) for row in rows], rows[0].matches if rows else 0


def _alert(row: Row[tuple[object, ...]]) -> ShownAlert:
    values = row._asdict()
    del values["matches"]
    return ShownAlert(
        **values | {"kind": AlertKind(row.kind), "stage": AlertStage(row.stage), "state": AlertState(row.state)}
    )
