"""The audit log over all trails, page by page: four statements and two calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from owner_portal.audit.rules.filter import AuditFilter
from owner_portal.audit.rules.own_trail import ActionQuestion, PortalAction
from owner_portal.audit.rules.trails import PAGE_SIZE, Chain, Entry, TrailPage, TrailQuestion, merge
from owner_portal.audit.rules.verdicts import ChainVerdict
from owner_portal.audit.store import own_trail, verdicts
from owner_portal.audit.store.filter import find_filter
from owner_portal.directory.store.companies import names_of
from owner_portal.freshness.rules import CachedAnswer
from owner_portal.freshness.use_cases import Question, cached_answers
from text_rules.addresses import email_key
from text_rules.lines import name_key

_ENTRIES = TypeAdapter(list[Entry])


class Trail(Protocol):
    """The trail of another service."""

    async def entries(self, question: TrailQuestion, *, before: int | None, limit: int) -> list[Entry]:
        """Newest first, before a revision. Unavailable."""


@dataclass(frozen=True, slots=True)
class AuditLog:
    """One page. `names` are those of its companies; `away` are the trails that did not respond.

    `unknown_company`: the filter names an unknown company.
    """

    page: TrailPage
    names: Mapping[UUID, str]
    verdicts: Mapping[Chain, ChainVerdict]
    away: Sequence[CachedAnswer[list[Entry]]]
    unknown_company: bool = False


async def show_audit_log(
    engine: AsyncEngine, *, view: AuditFilter, trails: Mapping[Chain, Trail], size: int = PAGE_SIZE
) -> AuditLog:
    """`trails`: tenancy's and billing's. A trail that does not respond is shown from the cache."""
    question = await find_question(engine, view)
    if question is None:
        async with engine.begin() as tx:
            return AuditLog(TrailPage((), None), {}, await verdicts.list_all(tx), (), unknown_company=True)
    remembered = await cached_answers(
        engine,
        _question(Chain.TENANCY, trails[Chain.TENANCY], view, question, size),
        _question(Chain.BILLING, trails[Chain.BILLING], view, question, size),
    )
    found = {
        chain: each.value
        for chain, each in zip((Chain.TENANCY, Chain.BILLING), remembered, strict=True)
        if each.value is not None
    }
    async with engine.begin() as tx:
        found[Chain.PORTAL] = await own_entries(tx, question, before=view.position.get(Chain.PORTAL), limit=size)
        page = merge(found, view.position, size=size)
        known = await names_of(tx, {entry.company_id for entry in page.entries if entry.company_id})
        return AuditLog(page, known, await verdicts.list_all(tx), [each for each in remembered if not each.fresh])


async def find_question(engine: AsyncEngine, view: AuditFilter) -> TrailQuestion | None:
    """The question for the trails; None if the filter names an unknown company."""
    who, company_id = view.who, _as_id(view.company)
    if who or (view.company and company_id is None):
        async with engine.begin() as tx:
            owner, found = await find_filter(tx, email_key=email_key(view.who), name_key=name_key(view.company))
        # Trails name owners by their stored addresses; older entries have them in lower case.
        who, company_id = owner or email_key(who).strip(), company_id or found
    if view.company and company_id is None:
        return None
    return replace(view, who=who).question(company_id)


def _as_id(typed: str) -> UUID | None:
    try:
        return UUID(typed)
    except ValueError:
        return None


async def own_entries(tx: AsyncConnection, question: TrailQuestion, *, before: int | None, limit: int) -> list[Entry]:
    """The portal's own trail, newest first, before a revision."""
    asked = ActionQuestion(
        actor=question.actor,
        action=question.action,
        subject=str(question.company_id) if question.company_id else None,
        since=question.since,
        until=question.until,
    )
    return [_entry(linked.entry) for linked in await own_trail.search(tx, asked, before=before, limit=limit)]


def _question(
    chain: Chain, trail: Trail, view: AuditFilter, question: TrailQuestion, size: int
) -> Question[list[Entry]]:
    async def ask() -> list[Entry]:
        return await trail.entries(question, before=view.position.get(chain), limit=size)

    return Question(chain.label, f"{chain} trail {view.url()}", ask, _ENTRIES)


def _entry(action: PortalAction) -> Entry:
    try:
        company_id, subject = UUID(action.subject), ""
    except ValueError:
        company_id, subject = None, action.subject
    return Entry(
        chain=Chain.PORTAL,
        revision=action.revision,
        at=action.at,
        actor=action.actor,
        action=action.action,
        company_id=company_id,
        subject=subject,
        reason=action.reason,
        request_id=action.request_id,
        details=[(name.replace("_", " ").capitalize(), text) for name, text in sorted(action.facts.items())],
    )
