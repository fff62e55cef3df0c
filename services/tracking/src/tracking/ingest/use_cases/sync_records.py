"""Takes a batch of an agent's records: each is stored, a duplicate, or refused, independently of the others.

The response also tells whether the session that the agent reports as running has ended.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from text_rules.lines import clean_reported
from tracking.access.rules.policy import TrackingPolicy
from tracking.clock.rules.unix_time import microsecond_of, second_of
from tracking.db.store.scope import company_scope
from tracking.devices.store import devices
from tracking.devices.store.devices import Device
from tracking.ingest.fastpath.store.packing import Packer
from tracking.ingest.rules.records import (
    ActivityRecord,
    Outcome,
    Placing,
    Reason,
    Record,
    RefusedRecord,
    SessionEndRecord,
    SessionStartRecord,
    UseRecord,
    layers,
)
from tracking.ingest.rules.rows import MAX_DETAIL, MAX_NAME
from tracking.ingest.rules.upload_reader import ActivityClaim, Report, UsageSpan
from tracking.ingest.store import records
from tracking.ingest.use_cases.group_commit import GroupCommit
from tracking.sessions.store import sessions


@dataclass(frozen=True, slots=True)
class RecordOutcome:
    """What became of one record; `reason` if it was refused."""

    outcome: Outcome
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of the records of a batch, and whether the running session has ended for good."""

    results: list[RecordOutcome]
    session_ended: bool


STORED, DUPLICATE = RecordOutcome(Outcome.STORED), RecordOutcome(Outcome.DUPLICATE)


class RecordTaker:
    """Stores records through the group commit of uploads."""

    def __init__(self, engine: AsyncEngine, commit: GroupCommit) -> None:
        self._engine = engine
        self._commit = commit

    async def take(
        self,
        company_id: UUID,
        device: Device,
        batch: Sequence[Record],
        placing: Placing,
        policy: TrackingPolicy,
        *,
        running: UUID | None,
    ) -> BatchOutcome:
        """A result for each record, once everything stored is durable; `running`: the session that the agent reports.

        Unavailable: nothing is stored, or it is uncertain; the batch may be repeated. Two records with one id that
        arrive at the same moment may both be reported as stored; one of them is.
        """
        results: dict[int, RecordOutcome] = {}
        placed: dict[int, Record] = {}
        for position, record in enumerate(batch):
            try:
                placed[position] = _place(record, placing, policy)
            except RefusedRecord as refused:
                results[position] = RecordOutcome(Outcome.REFUSED, refused.reason)
        ended = False
        if placed:
            stored, ended = await self._store(company_id, device, placed, placing, running)
            results |= stored
        elif running:
            async with company_scope(self._engine, company_id) as tx:
                ended = await _has_ended(tx, device, running)
        return BatchOutcome([results[position] for position in range(len(batch))], ended)

    async def _store(
        self,
        company_id: UUID,
        device: Device,
        placed: Mapping[int, Record],
        placing: Placing,
        running: UUID | None,
    ) -> tuple[dict[int, RecordOutcome], bool]:
        rows = {
            position: record for position, record in placed.items() if isinstance(record, ActivityRecord | UseRecord)
        }
        async with company_scope(self._engine, company_id) as tx:
            if placing.offset != device.clock_offset:
                await devices.set_clock_offset(tx, device.device_id, placing.offset)
            results = await _store_sessions(tx, company_id, device, placed)
            known = await records.known(tx, device.employee_id, [row.record_id for row in rows.values()])
            ended = running is not None and await _has_ended(tx, device, running)
        new: list[ActivityRecord | UseRecord] = []
        for position, row in rows.items():
            results[position] = DUPLICATE if row.record_id in known else STORED
            if row.record_id not in known:
                known.add(row.record_id)
                new.append(row)
        packer = Packer(company_id, device.employee_id, device.device_id)
        await asyncio.gather(*(self._commit.store(packer.pack(report)) for report in _reports(new)))
        return results, ended


async def _has_ended(tx: AsyncConnection, device: Device, session_id: UUID) -> bool:
    """An unknown session may still arrive, and one that ended for silence continues."""
    session = await sessions.find(tx, session_id)
    if session is None or session.employee_id != device.employee_id:
        return False
    return session.ended_at is not None and session.ended_by != sessions.BY_SILENCE


def _place(record: Record, placing: Placing, policy: TrackingPolicy) -> Record:
    unwanted = set() if policy.app_tracking_enabled else {"a"}
    unwanted |= set() if policy.website_tracking_enabled else {"w"}
    if isinstance(record, UseRecord) and record.kind in unwanted:
        raise RefusedRecord(Reason.SWITCHED_OFF)
    return placing.place(record)


async def _store_sessions(
    tx: AsyncConnection, company_id: UUID, device: Device, placed: Mapping[int, Record]
) -> dict[int, RecordOutcome]:
    starts = {position: record for position, record in placed.items() if isinstance(record, SessionStartRecord)}
    ends = {position: record for position, record in placed.items() if isinstance(record, SessionEndRecord)}
    if not starts and not ends:
        return {}
    new = await records.begin_sessions(
        tx,
        company_id,
        employee_id=device.employee_id,
        device_id=device.device_id,
        starts={start.record_id: start.at for start in starts.values()},
    )
    named = {start.record_id for start in starts.values()} | {end.session_id for end in ends.values()}
    owners = await records.owners(tx, named)
    own = {session_id for session_id, employee_id in owners.items() if employee_id == device.employee_id}
    ended = await records.end_sessions(tx, {end.session_id: end.at for end in ends.values() if end.session_id in own})
    results = {
        position: _once(start.record_id, new) if start.record_id in own else _refused(Reason.ID_TAKEN)
        for position, start in starts.items()
    }
    return results | {
        position: _once(end.session_id, ended) if end.session_id in own else _refused(Reason.UNKNOWN_SESSION)
        for position, end in ends.items()
    }


def _once(session_id: UUID, changed: set[UUID]) -> RecordOutcome:
    """Of several equal records in one batch only the first has the outcome STORED."""
    if session_id not in changed:
        return DUPLICATE
    changed.remove(session_id)
    return STORED


def _refused(reason: Reason) -> RecordOutcome:
    return RecordOutcome(Outcome.REFUSED, reason)


def _reports(new: Sequence[ActivityRecord | UseRecord]) -> list[Report]:
    usage = [
        UsageSpan(
            use.record_id.bytes,
            use.kind,
            microsecond_of(use.end),
            second_of(use.end) - second_of(use.start),
            clean_reported(use.name, MAX_NAME),
            clean_reported(use.detail, MAX_DETAIL),
        )
        for use in new
        if isinstance(use, UseRecord)
    ]
    claims = [
        [
            ActivityClaim(
                span.record_id.bytes,
                span.kind,
                microsecond_of(span.end),
                second_of(span.end) - second_of(span.start),
            )
            for span in layer
        ]
        for layer in layers([span for span in new if isinstance(span, ActivityRecord)])
    ]
    return ([Report(usage=usage)] if usage else []) + [Report(activity=layer) for layer in claims]
