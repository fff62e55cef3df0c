"""Tells owners of new alerts by e-mail, as often as each wants."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from mailer.queue import queue_mail
from owner_portal.alerts.rules.alerts import Stage
from owner_portal.alerts.rules.listing import ShownAlert
from owner_portal.alerts.store import digests
from owner_portal.alerts.store import listing as alert_lists
from text_rules.showing import isolated

LONGEST_LIST = 50


async def send_digests(engine: AsyncEngine, *, portal_url: str) -> int:
    """Queues an e-mail for each owner who is due; returns how many."""
    async with engine.begin() as tx:
        due = await digests.claim_due(tx)
        for digest in due:
            risen, count = await alert_lists.list_risen(tx, since=digest.sent_at, limit=LONGEST_LIST)
            body = _body(risen, count, portal_url)
            await queue_mail(tx, to=digest.email, subject=_subject(risen, count), body=body)
        if due:
            await digests.mark_sent(tx, [digest.owner_id for digest in due])
    return len(due)


def _subject(risen: Sequence[ShownAlert], count: int) -> str:
    if count == 1:
        return f"Tenantry: {isolated(risen[0].company)}, {risen[0].title.lower()}"
    critical = sum(alert.stage is Stage.CRITICAL for alert in risen)
    return f"Tenantry: {count} new alerts" + (f", {critical} of them critical" if critical else "")


def _body(risen: Sequence[ShownAlert], count: int, portal_url: str) -> str:
    lines = [f"[{alert.stage.name.lower()}] {isolated(alert.company)}: {alert.words}" for alert in risen]
    if count > len(risen):
        lines.append(f"… and {count - len(risen)} more.")
    page = f"{portal_url.rstrip('/')}/owner/alerts/"
    return "\n".join([*lines, "", f"All alerts: {page}", "How often you get this is set there, too.", ""])
