"""What the revenue report counts, and the rows behind each of its figures."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.revenue.rules.report import Cohort, Figure, MovementRow, Standing
from billing.subscriptions.rules.changes import TRIAL_ENDS, Kind
from billing.subscriptions.rules.movements import Movement
from billing.subscriptions.rules.subscription import State
from billing.subscriptions.store import history as records

_TRIAL_ENDS = ", ".join(f"'{kind}'" for kind in sorted(TRIAL_ENDS))

# What moved before the range comes without a month and a kind: its sum is the start.
_MOVED = text("""
    SELECT m.month, m.movement, CAST(sum(m.revenue_change) AS bigint) AS moved
    FROM (
        SELECT CASE WHEN changed_at >= :since THEN date_trunc('month', changed_at, 'UTC') END AS month,
               CASE WHEN changed_at >= :since THEN movement END AS movement, revenue_change
        FROM subscription WHERE movement IS NOT NULL AND changed_at < :until
    ) m
    GROUP BY m.month, m.movement
""")

# Companies that paid at the start, and what each paid then and pays at the end.
_PAID_AT_START = """
    SELECT company_id, sum(revenue_change) FILTER (WHERE changed_at < :since) AS paid, sum(revenue_change) AS pays
    FROM subscription WHERE movement IS NOT NULL AND changed_at < :until
    GROUP BY company_id HAVING sum(revenue_change) FILTER (WHERE changed_at < :since) > 0
"""

_COHORT = text(f"""
    SELECT CAST(coalesce(sum(c.paid), 0) AS bigint) AS paid, CAST(coalesce(sum(c.pays), 0) AS bigint) AS pays,
           CAST(coalesce(sum(least(c.paid, c.pays)), 0) AS bigint) AS kept
    FROM ({_PAID_AT_START}) c
""")

_TRIALS = text(f"""
    SELECT count(*) AS ended, count(*) FILTER (WHERE kind = '{Kind.TRIAL_CONVERTED}') AS converted
    FROM subscription WHERE kind IN ({_TRIAL_ENDS}) AND changed_at >= :since AND changed_at < :until
""")

# The rows that held just before the end.
_HELD = "s.changed_at < :until AND (s.superseded_at >= :until OR s.superseded_at IS NULL)"

_STANDING = text(f"""
    SELECT s.plan_code, s.plan_version, s.state, count(*) AS subscriptions,
           s.expires_at >= :until AND c.company_id IS NULL AS has_access,
           CAST(sum(s.monthly_revenue) AS bigint) AS monthly_revenue, CAST(sum(p.seats) AS bigint) AS seats,
           count(u.seats) AS reported, CAST(coalesce(sum(u.seats), 0) AS bigint) AS seats_in_use
    FROM subscription s
    JOIN plan_version p ON (p.code, p.version) = (s.plan_code, s.plan_version)
    LEFT JOIN usage_level u ON u.company_id = s.company_id AND u.month = :last_month
    LEFT JOIN closing c ON c.company_id = s.company_id AND c.closed_at < :until
    WHERE {_HELD}
    GROUP BY s.plan_code, s.plan_version, s.state, has_access
    ORDER BY s.plan_code, s.plan_version, s.state, has_access
""")

_IN_RANGE = "s.changed_at >= :since AND s.changed_at < :until"

_ROWS: Mapping[Figure, str] = {
    **{Figure(kind): f"s.movement = '{kind}' AND {_IN_RANGE}" for kind in Movement},
    Figure.START: "s.movement IS NOT NULL AND s.changed_at < :since",
    Figure.END: "s.movement IS NOT NULL AND s.changed_at < :until",
    Figure.RETENTION: f"""
        s.movement IS NOT NULL AND {_IN_RANGE} AND s.company_id IN (SELECT c.company_id FROM ({_PAID_AT_START}) c)
    """,
    Figure.TRIALS_ENDED: f"s.kind IN ({_TRIAL_ENDS}) AND {_IN_RANGE}",
    Figure.TRIALS_CONVERTED: f"s.kind = '{Kind.TRIAL_CONVERTED}' AND {_IN_RANGE}",
    Figure.STANDING: _HELD,
}


def _listing(figure: Figure) -> str:
    """Seats in use go with the figure that counts them."""
    return f"""
        SELECT {records.COLUMNS}, s.movement, s.revenue_change, u.seats AS seats_in_use
        FROM subscription s
        JOIN plan_version p ON (p.code, p.version) = (s.plan_code, s.plan_version)
        LEFT JOIN usage_level u
            ON '{figure}' = '{Figure.STANDING}' AND u.company_id = s.company_id AND u.month = :last_month
        WHERE s.revision > :after AND {_ROWS[figure]}
        ORDER BY s.revision LIMIT :limit
    """


_LISTINGS = {figure: text(_listing(figure)) for figure in Figure}


async def moved(
    tx: AsyncConnection, since: datetime, until: datetime
) -> tuple[int, dict[tuple[datetime, Movement], int]]:
    """The MRR at `since`, and what moved it from there to `until` by (start of the month, kind)."""
    start, sums = 0, {}
    for row in await tx.execute(_MOVED, {"since": since, "until": until}):
        if row.movement is None:
            start = row.moved
        else:
            sums[row.month, Movement(row.movement)] = row.moved
    return start, sums


async def cohort(tx: AsyncConnection, since: datetime, until: datetime) -> Cohort:
    """The companies that paid at `since`, as of `until`."""
    row = (await tx.execute(_COHORT, {"since": since, "until": until})).one()
    return Cohort(start=row.paid, end=row.pays, kept=row.kept)


async def trials(tx: AsyncConnection, since: datetime, until: datetime) -> tuple[int, int]:
    """How many trials ended, and how many of them converted."""
    row = (await tx.execute(_TRIALS, {"since": since, "until": until})).one()
    return row.ended, row.converted


async def standing(tx: AsyncConnection, until: datetime, last_month: datetime) -> list[Standing]:
    """All subscriptions as they stood just before `until`, by plan version, state and access."""
    values = {"until": until, "last_month": last_month.date()}
    return [
        Standing(
            plan_code=row.plan_code,
            plan_version=row.plan_version,
            state=State(row.state),
            has_access=row.has_access,
            subscriptions=row.subscriptions,
            monthly_revenue=row.monthly_revenue,
            seats=row.seats,
            reported=row.reported,
            seats_in_use=row.seats_in_use,
        )
        for row in await tx.execute(_STANDING, values)
    ]


async def rows(
    tx: AsyncConnection,
    figure: Figure,
    *,
    since: datetime,
    until: datetime,
    last_month: datetime,
    after: int,
    limit: int,
) -> list[MovementRow]:
    """Up to `limit` rows behind a figure, oldest revision first, after one."""
    values = {"since": since, "until": until, "last_month": last_month.date(), "after": after, "limit": limit}
    return [
        MovementRow(
            record=records.from_row(row),
            movement=row.movement and Movement(row.movement),
            revenue_change=row.revenue_change,
            seats_in_use=row.seats_in_use,
        )
        for row in await tx.execute(_LISTINGS[figure], values)
    ]
