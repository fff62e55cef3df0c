"""The cursor of each source, and when it was last confirmed."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.freshness.rules import Rebuild, Source, SourceState

_READ_REVISION = text("SELECT revision FROM source WHERE name = :source")

_READ_MOMENT = text("SELECT moment FROM source WHERE name = :source")

# A rebuild without a progress update for a minute has died.
_LIST = text("""
    SELECT name, confirmed_at, read_messages, all_messages
    FROM source LEFT JOIN rebuild ON name = 'usage' AND noted_at > now() - interval '1 minute'
""")

# Most polls bring nothing new: without the condition each would write a row.
_CONFIRM = text("""
    UPDATE source
    SET revision = greatest(revision, :revision), moment = greatest(moment, CAST(:moment AS timestamptz)),
        confirmed_at = now()
    WHERE name = :source
      AND (revision < :revision OR confirmed_at IS NULL OR confirmed_at < now() - interval '3 seconds')
""")

_RESTART = text("UPDATE source SET revision = 0 WHERE name = :source")


async def read_revision(tx: AsyncConnection, source: Source) -> int:
    """The revision up to which this source was read; 0 at first."""
    revision: int = (await tx.execute(_READ_REVISION, {"source": source.value})).scalar_one()
    return revision


async def read_moment(tx: AsyncConnection, source: Source) -> datetime | None:
    """The moment up to which this source was read; None at first."""
    moment: datetime | None = (await tx.execute(_READ_MOMENT, {"source": source.value})).scalar_one()
    return moment


async def confirm(tx: AsyncConnection, source: Source, *, revision: int = 0, moment: datetime | None = None) -> None:
    """Confirms that everything up to `revision` or `moment` was read; a cursor never moves back."""
    await tx.execute(_CONFIRM, {"source": source.value, "revision": revision, "moment": moment})


async def restart(tx: AsyncConnection, source: Source) -> None:
    """Resets the cursor, so that everything is read again."""
    await tx.execute(_RESTART, {"source": source.value})


async def list_states(tx: AsyncConnection) -> list[SourceState]:
    """Every source."""
    return [
        SourceState(
            Source(row.name),
            row.confirmed_at,
            None if row.all_messages is None else Rebuild(row.read_messages, row.all_messages),
        )
        for row in await tx.execute(_LIST)
    ]
