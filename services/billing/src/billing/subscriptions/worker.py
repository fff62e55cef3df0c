"""What the service learns from tenancy. Each event has a transaction of its own; a repeated one is harmless."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.subscriptions.messages import encode
from billing.subscriptions.use_cases.company_events import cancel_on_closing, extend_on_reactivation, start_trial
from contracts.tenancy.v1.events_pb2 import CompanyClosed, CompanyCreated, CompanyReactivated
from servicekit.errors import InvalidInput
from servicekit.events import IncomingEvent
from servicekit.ids import parse_id

STREAM = "TENANCY"
DURABLE = "billing"
MAX_REVISION = 2**63 - 1  # of the database's bigint

E = TypeVar("E", CompanyClosed, CompanyCreated, CompanyReactivated)


class CompanyEvents:
    """Handles batches of the consumer. Events that do not concern subscriptions pass without effect."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def handle(self, events: Sequence[IncomingEvent]) -> None:
        """Applies all. InvalidInput for a message that no repetition makes readable."""
        for event in events:
            await self._apply(event)

    async def _apply(self, event: IncomingEvent) -> None:
        now = datetime.now(UTC)
        match event.subject:
            case "tenancy.v1.company.created":
                created = _parse(CompanyCreated, event)
                company_id = parse_id(created.company_id, "company_id")
                await start_trial(self._engine, encode, company_id=company_id, plan_code=created.plan_code, now=now)
            case "tenancy.v1.company.reactivated":
                reactivated = _parse(CompanyReactivated, event)
                await extend_on_reactivation(
                    self._engine,
                    encode,
                    company_id=parse_id(reactivated.company_id, "company_id"),
                    company_revision=reactivated.revision,
                    now=now,
                )
            case "tenancy.v1.company.closed":
                company_id = parse_id(_parse(CompanyClosed, event).company_id, "company_id")
                await cancel_on_closing(
                    self._engine, encode, company_id=company_id, closed_at=_happened_at(event, now), now=now
                )


def _parse(kind: type[E], event: IncomingEvent) -> E:
    try:
        message = kind.FromString(event.payload)
    except DecodeError:
        raise InvalidInput(f"{event.subject} does not hold a {kind.DESCRIPTOR.full_name}") from None
    if message.revision > MAX_REVISION:
        raise InvalidInput(f"{event.subject} has a revision beyond {MAX_REVISION}")
    return message


def _happened_at(event: IncomingEvent, now: datetime) -> datetime:
    """When it was announced, which may be long ago; an event that does not say so happened `now`."""
    try:
        return min(datetime.fromisoformat(event.headers["ce-time"]), now)
    except (KeyError, TypeError, ValueError):  # none, without a zone, no moment
        return now
