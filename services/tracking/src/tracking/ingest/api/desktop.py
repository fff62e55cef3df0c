"""The desktop protocol's upload, ordinary or large: the fallback of the fast path."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from servicekit.errors import InvalidInput, NotAuthenticated
from servicekit.turns import Turns
from tracking.devices.api.desktop import DeviceGateway, device_of
from tracking.devices.store.devices import Device
from tracking.ingest.api.large_uploads import (
    MAX_WAITING,
    LargeUploadReader,
    RefusedDevices,
    claims_of,
    find_token,
    read_whole,
)
from tracking.ingest.fastpath.store.packing import Upload
from tracking.ingest.messages.desktop import count_rows, read_rows, stored_message
from tracking.ingest.messages.large_uploads import Job, Summary
from tracking.ingest.rules.upload_reader import Report
from tracking.ingest.use_cases.take_upload import MAX_ROWS_AT_ONCE, UploadTaker
from tracking.protocols.calls import Call
from tracking.protocols.desktop import Reply, id_in, ok, text_in
from tracking.protocols.large_bodies import MAX_HELD_BYTES, START, BodyAdmission
from tracking.sessions.use_cases.heartbeats import Heartbeats

STRANGER_PAUSE_SECONDS = 0.005  # seconds between large uploads with unknown tokens, of all companies


class UploadGateway(DeviceGateway, Protocol):
    """What the calls of this module need."""

    @property
    def uploads(self) -> UploadTaker: ...

    @property
    def heartbeats(self) -> Heartbeats: ...

    @property
    def large_uploads(self) -> LargeUploadReader: ...

    @property
    def large_senders(self) -> Turns: ...

    @property
    def refused_devices(self) -> RefusedDevices: ...

    @property
    def body_admission(self) -> BodyAdmission: ...


async def call_upload(gateway: UploadGateway, call: Call) -> Reply:
    """`active_token`, `work_session_id`, rows: 200 once they are durable, for 200 makes the tracker delete them."""
    number = id_in(call.fields, "work_session_id")
    device = await _device(gateway, call)
    company_id = call.company.company_id
    gateway.uploads.check_admission(company_id)
    if count_rows(call.fields) > MAX_ROWS_AT_ONCE:
        return await _read_apart(gateway, call, device, text_in(call.fields, "active_token"))
    rows = read_rows(call.fields)
    taken = await gateway.uploads.take(company_id, device, number, rows, received_at=call.received_at)
    gateway.heartbeats.session(company_id, number, call.received_at)
    return ok(stored_message(taken))


async def call_large_upload(gateway: UploadGateway, call: Call) -> Reply:
    """An upload of days of rows: the device is authenticated first, and another process decodes the rest."""
    token = find_token(call.body.start(START))
    device = await _authenticate_large(gateway, call, token)
    gateway.uploads.check_admission(call.company.company_id)
    with gateway.refused_devices.watch(device.device_id):
        return await _take_large(gateway, call, token)


async def _authenticate_large(gateway: UploadGateway, call: Call, token: str) -> Device:
    """One sender at a time; companies take turns. Refusals are spaced, so that a crowd of strangers delays nobody."""
    company = call.company.company_id.int
    async with gateway.large_senders.turn(company, 0, timeout=MAX_WAITING, max_bytes=MAX_HELD_BYTES):
        try:
            return await device_of(gateway, call, token)
        except NotAuthenticated:
            await asyncio.sleep(STRANGER_PAUSE_SECONDS)
            raise


async def _take_large(gateway: UploadGateway, call: Call, token: str) -> Reply:
    async with gateway.body_admission.of(call.company.company_id, call.body.expected):
        await read_whole(call.body)
        await call.confirm()
        device = await device_of(gateway, call, token)  # checked again: it may have been revoked meanwhile
        return await _read_apart(gateway, call, device, token)


async def _read_apart(gateway: UploadGateway, call: Call, device: Device, token: str) -> Reply:
    company_id = call.company.company_id

    async def read(offset: timedelta, before: timedelta | None) -> tuple[Summary, Report, Sequence[Upload]]:
        job = Job(
            company_id,
            device.employee_id,
            device.device_id,
            device.logged_in_at,
            offset,
            before,
            call.received_at,
            call.body.size,
        )
        summary, parts = await gateway.large_uploads.read(job, call.body.pieces)
        return summary, claims_of(summary, call.received_at), parts

    async def read_again(offset: timedelta) -> tuple[Report, Sequence[Upload]]:
        _summary, report, parts = await read(offset, device.clock_offset)
        return report, parts

    summary, report, parts = await read(device.clock_offset, None)
    if summary.token != token:
        raise InvalidInput("active_token must stand once in the body")
    taken = await gateway.uploads.take_parts(
        company_id, device, summary.session, (report, parts), read_again, received_at=call.received_at
    )
    gateway.heartbeats.session(company_id, summary.session, call.received_at)
    return ok(stored_message(taken))


MAX_UPLOAD_BYTES = 32 * 1024 * 1024  # bytes: days of rows after an outage; 50,000 rows are some 12 MB


async def _device(gateway: UploadGateway, call: Call) -> Device:
    return await device_of(gateway, call, text_in(call.fields, "active_token"))
