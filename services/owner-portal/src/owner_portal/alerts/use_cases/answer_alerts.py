"""What an owner does with alerts: knows of them, wants to see them later, or takes that back."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.alerts.rules.alerts import Kind, State
from owner_portal.alerts.store import listing as alert_lists
from owner_portal.audit.use_cases.record_action import append_action
from servicekit.errors import InvalidInput, NotFound

MOST = 200
SNOOZE_DAYS = (1, 7, 30)


class Answer(Enum):
    """What becomes of an alert."""

    ACKNOWLEDGE = State.ACKNOWLEDGED
    SNOOZE = State.SNOOZED
    REOPEN = State.OPEN


async def answer_alerts(
    engine: AsyncEngine,
    *,
    alerts: Sequence[tuple[UUID, Kind]],
    answer: Answer,
    days: int | None,
    actor: str,
    request_id: str,
) -> int:
    """How many were answered; those that are resolved by now are left out. `days` belongs to SNOOZE.

    InvalidInput: none or too many, or days that cannot be chosen. NotFound: none of them is there any more.
    """
    if not 1 <= len(alerts) <= MOST:
        raise InvalidInput(f"name 1 to {MOST} alerts")
    if (days in SNOOZE_DAYS) != (answer is Answer.SNOOZE):
        raise InvalidInput(f"alerts rest for {', '.join(map(str, SNOOZE_DAYS))} days")
    until = datetime.now(UTC) + timedelta(days=days) if days else None
    async with engine.begin() as tx:
        found = await alert_lists.answer(tx, alerts, state=answer.value, until=until, by=actor)
        if not found:
            raise NotFound("These alerts are resolved already. Reload the page.")
        for company_id in sorted({company_id for company_id, _kind in found}):
            await append_action(
                tx,
                actor=actor,
                action=f"{answer.name.lower()}_alerts",
                subject=str(company_id),
                request_id=request_id,
                facts={"alerts": ", ".join(sorted(kind for of, kind in found if of == company_id))},
            )
    return len(found)
