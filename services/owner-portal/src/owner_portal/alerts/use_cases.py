"""Alerts: evaluated about once a minute, shown, answered, and sent by e-mail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from mailer import queue
from mailer.queue import MailState, queue_mail
from owner_portal.alerts.rules.alerts import Alert, AlertKind, AlertStage, AlertState, changed
from owner_portal.alerts.rules.listing import PAGE_SIZE, AlertListing, Frequency, ShownAlert
from owner_portal.alerts.store import digests, evaluation, shown_alerts
from owner_portal.audit.use_cases.own_trail import append_action
from owner_portal.freshness.rules import DataGap, gaps
from owner_portal.freshness.store import sources
from servicekit.errors import InvalidInput, NotFound
from text_rules.isolation import isolated

MAX_ALERTS = 200
SNOOZE_DAYS = (1, 7, 30)
MAX_DIGEST_ALERTS = 50


async def evaluate_alerts(engine: AsyncEngine) -> set[UUID] | None:
    """Returns the companies whose alerts changed, with three statements. None: another process has just evaluated."""
    after: list[Alert] = []
    async with engine.begin() as tx:
        if not await evaluation.take_turn(tx):
            return None
        now = datetime.now(UTC)
        async for batch in evaluation.read_situations(tx):
            for situation, live in batch:
                after += changed(situation, live, now)
        await evaluation.save(tx, after)
    return {alert.company_id for alert in after}


@dataclass(frozen=True, slots=True)
class AlertPage:
    """One view of the alerts. `counts` excludes resolved ones."""

    alerts: Sequence[ShownAlert]
    matches: int
    counts: Mapping[tuple[AlertKind, AlertState], int]
    frequency: Frequency
    mail: MailState
    gaps: Sequence[DataGap]

    @property
    def pages(self) -> int:
        return max(1, -(-self.matches // PAGE_SIZE))

    def in_state(self, state: AlertState) -> int:
        """How many alerts of all kinds are in this state."""
        return sum(count for (_kind, held), count in self.counts.items() if held is state)


async def show_alerts(engine: AsyncEngine, *, listing: AlertListing, owner_id: UUID) -> AlertPage:
    """One view; without alerts when the page asked for is beyond the last."""
    async with engine.begin() as tx:
        alerts, matches = await shown_alerts.list_alerts(tx, listing)
        return AlertPage(
            alerts,
            matches,
            await shown_alerts.count(tx),
            await digests.find(tx, owner_id),
            await queue.read_state(tx),
            gaps(await sources.list_states(tx), datetime.now(UTC)),
        )


async def count_open_alerts(engine: AsyncEngine) -> int:
    """The number of open alerts."""
    async with engine.begin() as tx:
        return await shown_alerts.count_open(tx)


class Answer(Enum):
    """The answers to an alert."""

    ACKNOWLEDGE = AlertState.ACKNOWLEDGED
    SNOOZE = AlertState.SNOOZED
    REOPEN = AlertState.OPEN


async def answer_alerts(
    engine: AsyncEngine,
    *,
    alerts: Sequence[tuple[UUID, AlertKind]],
    answer: Answer,
    days: int | None,
    actor: str,
    request_id: str,
) -> int:
    """Returns the number of answered alerts, without resolved ones. `days` is for SNOOZE only.

    InvalidInput: no alerts or too many, or invalid days. NotFound: all of them are already resolved.
    """
    if not 1 <= len(alerts) <= MAX_ALERTS:
        raise InvalidInput(f"choose 1 to {MAX_ALERTS} alerts")
    if (days in SNOOZE_DAYS) != (answer is Answer.SNOOZE):
        raise InvalidInput(f"days must be one of {', '.join(map(str, SNOOZE_DAYS))}, and only to snooze")
    until = datetime.now(UTC) + timedelta(days=days) if days else None
    async with engine.begin() as tx:
        found = await shown_alerts.answer(tx, alerts, state=answer.value, until=until, by=actor)
        if not found:
            raise NotFound("These alerts are already resolved. Reload the page.")
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


async def choose_digest(
    engine: AsyncEngine, *, owner_id: UUID, actor: str, frequency: Frequency, request_id: str
) -> None:
    """The first e-mail lists all open alerts; each later one those that have opened since."""
    async with engine.begin() as tx:
        await digests.save(tx, owner_id, frequency)
        await append_action(
            tx,
            actor=actor,
            action="choose_alert_emails",
            subject=actor,
            request_id=request_id,
            facts={"frequency": frequency.value},
        )


async def send_digests(engine: AsyncEngine, *, portal_url: str) -> int:
    """Queues an e-mail for each owner who is due; returns how many."""
    async with engine.begin() as tx:
        due = await digests.claim_due(tx)
        for digest in due:
            risen, count = await shown_alerts.list_risen(tx, since=digest.sent_at, limit=MAX_DIGEST_ALERTS)
            body = _body(risen, count, portal_url)
            await queue_mail(tx, to=digest.email, subject=_subject(risen, count), body=body)
        if due:
            await digests.mark_sent(tx, [digest.owner_id for digest in due])
    return len(due)


def _subject(risen: Sequence[ShownAlert], count: int) -> str:
    if count == 1:
        return f"Tenantry: {isolated(risen[0].company)}, {risen[0].title.lower()}"
    critical = sum(alert.stage is AlertStage.CRITICAL for alert in risen)
    return f"Tenantry: {count} new alerts" + (f", {critical} of them critical" if critical else "")


def _body(risen: Sequence[ShownAlert], count: int, portal_url: str) -> str:
    lines = [f"[{alert.stage.name.lower()}] {isolated(alert.company)}: {alert.words}" for alert in risen]
    if count > len(risen):
        lines.append(f"… and {count - len(risen)} more.")
    page = f"{portal_url.rstrip('/')}/owner/alerts/"
    return "\n".join([*lines, "", f"All alerts: {page}", "You can change the frequency of these e-mails there.", ""])
