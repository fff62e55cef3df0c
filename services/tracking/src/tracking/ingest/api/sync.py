"""`POST /v1/sync`: the most frequent call of agents, handled without the framework."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec
from starlette.responses import Response

from servicekit.errors import InvalidInput, TooLarge
from text_rules.lines import clean_reported
from tracking.devices.api.desktop import DeviceGateway
from tracking.devices.api.native import device_of
from tracking.ingest.api.compression import expand
from tracking.ingest.messages import sync as messages
from tracking.ingest.rules.records import Outcome, Placing, Reason, Record
from tracking.ingest.use_cases import sync_records
from tracking.ingest.use_cases.sync_records import RecordTaker
from tracking.ingest.use_cases.take_upload import UploadTaker
from tracking.protocols.calls import Caller
from tracking.sessions.use_cases.heartbeats import Heartbeats


class SyncGateway(DeviceGateway, Protocol):
    """What a batch needs of the gateway."""

    @property
    def uploads(self) -> UploadTaker: ...

    @property
    def heartbeats(self) -> Heartbeats: ...


class SyncNative(Protocol):
    """What a batch needs."""

    @property
    def gateway(self) -> SyncGateway: ...

    @property
    def records(self) -> RecordTaker: ...


PATH = "/v1/sync"
MAX_BODY_BYTES = 2 * 1024 * 1024  # bytes, compressed and expanded
MAX_COMMAS = 30_000  # thirty per record: the cost of decoding a batch grows with its values, not with its bytes


class _Batch(msgspec.Struct):
    """A batch whose records have not been read."""

    sent_at: messages.Moment
    records: list[Any]
    session_id: UUID | None = None


class _RawBatch(_Batch):
    """A batch whose records are raw JSON."""

    records: list[msgspec.Raw]


class _Named(msgspec.Struct):
    """The field that every record has."""

    id: UUID


_decode_batch = msgspec.json.Decoder(_RawBatch).decode
_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)


async def sync(native: SyncNative, caller: Caller, body: bytes, encoding: str) -> Response:
    """Answers a batch; an invalid record does not affect the others."""
    company_id = caller.company.company_id
    device = await device_of(native, caller)
    native.gateway.uploads.check_admission(company_id)
    batch, read = await asyncio.to_thread(_read, body, encoding) if encoding else _read(body, encoding)
    records = [found for found in read if not isinstance(found, messages.Result)]
    placing = Placing(
        sent_at=batch.sent_at,
        received_at=caller.received_at,
        enrolled_at=device.logged_in_at,
        known=device.clock_offset,
    )
    policy = caller.company.policy
    taken = await native.records.take(company_id, device, records, placing, policy, running=batch.session_id)
    if placing.offset != device.clock_offset:
        native.gateway.authenticator.forget(device)
    if batch.session_id:
        native.gateway.heartbeats.running(company_id, batch.session_id, device.device_id, caller.received_at)
    answer = messages.Synced(caller.received_at, _results(read, taken.results), taken.session_ended)
    return Response(msgspec.json.encode(answer), media_type="application/json")


def _read(body: bytes, encoding: str) -> tuple[_Batch, list[Record | messages.Result]]:
    """The batch, and for each record either the record or the result of one that cannot be read."""
    body = expand(body, encoding, limit=MAX_BODY_BYTES)
    if body.count(b",") > MAX_COMMAS:
        raise TooLarge(f"a batch may have at most {MAX_COMMAS} commas; send fewer records at once")
    batch = _read_batch(body)
    if len(batch.records) > messages.MAX_RECORDS:
        raise TooLarge(f"a batch may have at most {messages.MAX_RECORDS} records; split it")
    return batch, [_read_record(found) for found in batch.records]


def _read_batch(body: bytes) -> _Batch:
    """Decodes leniently where a text was cut in the middle of a character; the row is repaired later."""
    try:
        return _decode_batch(body)
    except _UNREADABLE as error:
        reason = clean_reported(str(error), 200)
    try:
        return msgspec.convert(json.loads(body.decode("utf-8", "replace")), _Batch)
    except (*_UNREADABLE, ValueError):
        raise InvalidInput(f"the body is no batch of records: {reason}") from None


def _read_record(found: Any) -> Record | messages.Result:
    try:
        record: messages.AnyRecord = _as(messages.AnyRecord, found)
    except _UNREADABLE as error:
        return messages.Result(
            _id_of(found), Outcome.REFUSED, Reason.INVALID.name.lower(), clean_reported(str(error), 200)
        )
    return record.record()


def _id_of(found: Any) -> UUID | None:
    try:
        named: _Named = _as(_Named, found)
    except _UNREADABLE:
        return None
    return named.id


def _as(kind: Any, found: Any) -> Any:
    return msgspec.json.decode(found, type=kind) if isinstance(found, msgspec.Raw) else msgspec.convert(found, kind)


def _results(
    read: Sequence[Record | messages.Result], found: Sequence[sync_records.RecordOutcome]
) -> list[messages.Result]:
    of_records = iter(found)
    return [
        record if isinstance(record, messages.Result) else _result(record.record_id, next(of_records))
        for record in read
    ]


def _result(record_id: UUID, found: sync_records.RecordOutcome) -> messages.Result:
    if found.reason is None:
        return messages.Result(record_id, found.outcome)
    return messages.Result(record_id, found.outcome, found.reason.name.lower(), found.reason.value)
