"""What each call of the desktop protocol does: translate, authorise, call the use case, translate back."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from servicekit.errors import InvalidInput
from tracking.devices.api.desktop import call_config, call_heartbeat, call_policy
from tracking.devices.store.devices import Device
from tracking.gateway.api.desktop_context import Call, Gateway, device_of
from tracking.ingest.api.large_uploads import START, claims_of, find_token, read_whole
from tracking.ingest.fastpath.api import ordinary_uploads as uploads
from tracking.ingest.fastpath.store.packing import Upload
from tracking.ingest.messages.large_uploads import Job, Summary
from tracking.ingest.rules.reports import Report
from tracking.ingest.use_cases.take_upload import MAX_ROWS_AT_ONCE
from tracking.protocols.desktop import Reply, clock_text, id_in, no, ok, text_in, time_in
from tracking.screenshots.api.desktop import LARGEST_SCREENSHOT, call_large_screenshot, call_screenshot
from tracking.sessions.use_cases.end_session import end_session
from tracking.sessions.use_cases.poll_session import poll_session
from tracking.sessions.use_cases.start_session import start_session
from tracking.sign_in.use_cases.log_in import log_in
from tracking.tasks.api.desktop import call_get_tasks, call_update_task


class WhenRefused(Enum):
    """How a refusal reads; a tracker goes on tracking for as long as its polls and stops fail."""

    FAIL = auto()  # 401 or 403: the tracker keeps its rows
    END = auto()  # 200 false: the poll that makes it stop
    ACCEPT = auto()  # 200 true, nothing stored: the stop that must not show an error


async def call_login(gateway: Gateway, call: Call) -> Reply:
    """`email`, `password`: opens a device in the key's company."""
    email, password = text_in(call.fields, "email"), text_in(call.fields, "password")
    session = await log_in(
        gateway.engine,
        call.company.company_id,
        email=email,
        password=password,
        origin=call.origin,
        now=call.received_at,
    )
    today = session.today
    data = {
        "id": session.employee_number,
        "name": session.name,
        "email": session.email,
        "company_id": session.company_number,
        "active_token": session.token,
        "toddays_worked_time": clock_text(today.active_seconds + today.idle_seconds),
        "toddays_active_time": clock_text(today.active_seconds),
        "toddays_inactive_time": clock_text(today.idle_seconds),
        "task_note": None,
    }
    return ok("Signed in", data=data)


async def call_login_check(gateway: Gateway, call: Call) -> Reply:
    """`id`, `token`: whether they still belong together."""
    number, token = id_in(call.fields, "id"), text_in(call.fields, "token")
    device = await gateway.authenticator.device(call.company.company_id, token)
    return Reply(200, {"status": device is not None and device.employee_number == number})


async def call_create(gateway: Gateway, call: Call) -> Reply:
    """`active_token`, `session_start`: starts a session; the ids in the body are not trusted, the token decides."""
    device = await _device(gateway, call)
    started = time_in(call.fields, "session_start")
    session = await start_session(
        gateway.engine, call.company.company_id, device, desktop_time=started, now=call.received_at
    )
    if session.clock_changed:
        gateway.authenticator.forget(device)
    return ok("Session started", data={"id": session.number})


async def call_stop(gateway: Gateway, call: Call) -> Reply:
    """`active_token`, `session_id`, `session_end`: ends a session; again, or an unknown one, is no error."""
    number, ended = id_in(call.fields, "session_id"), time_in(call.fields, "session_end")
    device = await _device(gateway, call)
    session = await end_session(
        gateway.engine, call.company.company_id, device, number=number, desktop_time=ended, now=call.received_at
    )
    if session.clock_changed:
        gateway.authenticator.forget(device)
    return ok("Session ended" if session.is_known else "There is no such session")


async def call_poll(gateway: Gateway, call: Call) -> Reply:
    """`active_token`, `session_id`: whether to go on."""
    number = id_in(call.fields, "session_id")
    device = await _device(gateway, call)
    if not await poll_session(gateway.engine, call.company.company_id, device, number=number):
        return no("This work session has ended")
    gateway.life.session(call.company.company_id, number, call.received_at)
    return ok("The session goes on")


async def call_upload(gateway: Gateway, call: Call) -> Reply:
    """`active_token`, `work_session_id`, rows: 200 once they are durable, for 200 makes the tracker delete them."""
    number = id_in(call.fields, "work_session_id")
    device = await _device(gateway, call)
    company_id = call.company.company_id
    gateway.uploads.check_room(company_id)
    if uploads.count_rows(call.fields) > MAX_ROWS_AT_ONCE:
        return await _read_apart(gateway, call, device, text_in(call.fields, "active_token"))
    rows = uploads.read_rows(call.fields)
    taken = await gateway.uploads.take(company_id, device, number, rows, received_at=call.received_at)
    gateway.life.session(company_id, number, call.received_at)
    return ok(uploads.stored_message(taken))


async def call_large_upload(gateway: Gateway, call: Call) -> Reply:
    """The same with days of rows: who calls is known before the rest is read, and nothing is decoded here."""
    token = find_token(call.body.start(START))
    device = await device_of(gateway, call, token)
    gateway.uploads.check_room(call.company.company_id)
    async with gateway.room.of(call.company.company_id, call.body.expected):
        await read_whole(call.body)
        await call.confirm()
        device = await device_of(gateway, call, token)  # again: it may have been revoked meanwhile
        return await _read_apart(gateway, call, device, token)


async def _read_apart(gateway: Gateway, call: Call, device: Device, token: str) -> Reply:
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
    gateway.life.session(company_id, summary.session, call.received_at)
    return ok(uploads.stored_message(taken))


async def _device(gateway: Gateway, call: Call) -> Device:
    return await device_of(gateway, call, text_in(call.fields, "active_token"))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path of the protocol. `largest_body` in bytes."""

    method: str
    run: Callable[[Gateway, Call], Awaitable[Reply]]
    when_refused: WhenRefused = WhenRefused.FAIL
    largest_body: int = 64 * 1024
    has_body: bool = True
    run_large: Callable[[Gateway, Call], Awaitable[Reply]] | None = None  # of a body over `SMALL_BODY`

    def refused(self, refusal: Reply) -> Reply:
        """The refusal in the words this call must use; only what concerns the company or the token is reworded."""
        if refusal.code not in (401, 403) or self.when_refused is WhenRefused.FAIL:
            return refusal
        message = str(refusal.body["message"])
        return no(message) if self.when_refused is WhenRefused.END else ok(message)


LARGEST_UPLOAD = 32 * 1024 * 1024  # days of rows after an outage; 50,000 are some 12 MB

ENDPOINTS: Mapping[str, Endpoint] = {
    "/api/login": Endpoint("POST", call_login),
    "/api/login-check": Endpoint("POST", call_login_check),
    "/api/work-session/create": Endpoint("POST", call_create),
    "/api/work-session/stop": Endpoint("POST", call_stop, WhenRefused.ACCEPT),
    "/api/check-session-active": Endpoint("POST", call_poll, WhenRefused.END),
    "/api/upload/employee-activity": Endpoint(
        "POST", call_upload, largest_body=LARGEST_UPLOAD, run_large=call_large_upload
    ),
    "/api/screenshot/upload": Endpoint(
        "POST", call_screenshot, largest_body=LARGEST_SCREENSHOT, run_large=call_large_screenshot
    ),
    "/api/tasks/get": Endpoint("POST", call_get_tasks),
    "/api/tasks/update": Endpoint("POST", call_update_task),
    "/api/employee-config": Endpoint("GET", call_config, has_body=False),
    "/api/agent/heartbeat": Endpoint("POST", call_heartbeat, has_body=False),
    "/api/policy": Endpoint("GET", call_policy, has_body=False),
}
