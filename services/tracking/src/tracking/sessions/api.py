"""The desktop protocol's calls about work sessions: start, stop and poll."""

from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from tracking.devices.api.desktop import DeviceGateway, device_of
from tracking.devices.store.devices import Device
from tracking.protocols.calls import Call
from tracking.protocols.desktop import Reply, id_in, no, ok, text_in, time_in
from tracking.sessions.use_cases.heartbeats import Heartbeats
from tracking.sessions.use_cases.lifecycle import end_session, poll_session, start_session


class SessionGateway(DeviceGateway, Protocol):
    """What the calls of this module need."""

    @property
    def engine(self) -> AsyncEngine: ...

    @property
    def heartbeats(self) -> Heartbeats: ...


async def call_create(gateway: SessionGateway, call: Call) -> Reply:
    """`active_token`, `session_start`: starts a session; the ids in the body are not trusted, the token decides."""
    device = await _device(gateway, call)
    started = time_in(call.fields, "session_start")
    session = await start_session(
        gateway.engine, call.company.company_id, device, desktop_time=started, now=call.received_at
    )
    if session.clock_changed:
        gateway.authenticator.forget(device)
    return ok("Session started", data={"id": session.number})


async def call_stop(gateway: SessionGateway, call: Call) -> Reply:
    """`active_token`, `session_id`, `session_end`: ends a session; again, or an unknown one, is no error."""
    number, ended = id_in(call.fields, "session_id"), time_in(call.fields, "session_end")
    device = await _device(gateway, call)
    session = await end_session(
        gateway.engine, call.company.company_id, device, number=number, desktop_time=ended, now=call.received_at
    )
    if session.clock_changed:
        gateway.authenticator.forget(device)
    return ok("Session ended" if session.is_known else "There is no such session")


async def call_poll(gateway: SessionGateway, call: Call) -> Reply:
    """`active_token`, `session_id`: whether the session continues."""
    number = id_in(call.fields, "session_id")
    device = await _device(gateway, call)
    if not await poll_session(gateway.engine, call.company.company_id, device, number=number):
        return no("This work session has ended")
    gateway.heartbeats.session(call.company.company_id, number, call.received_at)
    return ok("The session continues")


async def _device(gateway: SessionGateway, call: Call) -> Device:
    return await device_of(gateway, call, text_in(call.fields, "active_token"))
