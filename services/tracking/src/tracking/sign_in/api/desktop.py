"""The desktop protocol's log-in and log-in check."""

from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from tracking.devices.use_cases.authenticate import Authenticator
from tracking.protocols.calls import Call
from tracking.protocols.desktop import Reply, clock_text, id_in, ok, text_in
from tracking.sign_in.use_cases.log_in import log_in


class SignInGateway(Protocol):
    """What the calls of this module need."""

    @property
    def engine(self) -> AsyncEngine: ...

    @property
    def authenticator(self) -> Authenticator: ...


async def call_login(gateway: SignInGateway, call: Call) -> Reply:
    """`email`, `password`: creates a device in the key's company."""
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


async def call_login_check(gateway: SignInGateway, call: Call) -> Reply:
    """`id`, `token`: whether the token is a valid one of that employee."""
    number, token = id_in(call.fields, "id"), text_in(call.fields, "token")
    device = await gateway.authenticator.device(call.company.company_id, token)
    return Reply(200, {"status": device is not None and device.employee_number == number})
