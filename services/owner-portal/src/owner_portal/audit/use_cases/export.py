"""Exports the audit log of a filter, batch by batch."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.audit.rules.filter import AuditFilter
from owner_portal.audit.rules.trails import Chain, Entry, Position, TrailQuestion, merge
from owner_portal.audit.use_cases.log import Trail, find_question, own_entries
from owner_portal.directory.store.companies import names_of

BATCH = 200  # entries of each trail at a time


async def export_audit_log(
    engine: AsyncEngine, *, view: AuditFilter, trails: Mapping[Chain, Trail]
) -> AsyncIterator[tuple[Entry, str]]:
    """Every entry with the name of its company, newest first, regardless of the page of `view`.

    Unavailable: a trail does not respond; an incomplete export would look complete.
    """
    question = await find_question(engine, view)
    position: Position | None = {} if question else None
    while question is not None and position is not None:
        found = await _read(engine, question, position, trails)
        page = merge(found, position, size=BATCH)
        async with engine.begin() as tx:
            known = await names_of(tx, {entry.company_id for entry in page.entries if entry.company_id})
        for entry in page.entries:
            yield entry, known.get(entry.company_id, "") if entry.company_id else ""
        position = page.following


async def _read(
    engine: AsyncEngine, question: TrailQuestion, position: Position, trails: Mapping[Chain, Trail]
) -> dict[Chain, list[Entry]]:
    answers = await asyncio.gather(
        *(trail.entries(question, before=position.get(chain), limit=BATCH) for chain, trail in trails.items())
    )
    async with engine.begin() as tx:
        own = await own_entries(tx, question, before=position.get(Chain.PORTAL), limit=BATCH)
    return dict(zip(trails, answers, strict=True)) | {Chain.PORTAL: own}
