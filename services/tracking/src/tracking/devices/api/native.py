"""The native API's calls about devices, configuration and tasks."""

import time
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.security import APIKeyHeader, HTTPBearer
from pydantic import BaseModel, Field

from servicekit.errors import NotAuthenticated
from tracking.access.rules.policy import TrackingPolicy
from tracking.devices.store.devices import Device
from tracking.devices.use_cases import devices
from tracking.gateway.api.native_context import Caller, Native, admitted, device_of, utc_now
from tracking.protocols.problems import Problem
from tracking.tasks.store.tasks import Task
from tracking.tasks.use_cases.tasks import list_tasks, update_task
from tracking.workspace.rules.paging import LONGEST_POSITION

LONGEST_WAIT = 30.0  # seconds
LARGEST_VERSION = 2**53 - 1  # what every JSON reader takes for an integer


def the_native(request: Request) -> Native:
    """What the application was made with."""
    native: Native = request.app.state.native
    return native


def the_caller(request: Request) -> Caller:
    """Who was let in at the door."""
    caller: Caller = request.state.caller
    return caller


PageStart = Annotated[str, Query(max_length=LONGEST_POSITION, description="of the next page, from the header Link")]
TheNative = Annotated[Native, Depends(the_native)]
TheCaller = Annotated[Caller, Depends(the_caller)]


async def the_device(native: TheNative, caller: TheCaller) -> Device:
    """The device whose credential is shown."""
    return await device_of(native, caller)


TheDevice = Annotated[Device, Depends(the_device)]

# The door and `the_device` look at both; here they are for the description.
company_key = Depends(
    APIKeyHeader(
        name="X-Company-Key",
        scheme_name="CompanyKey",
        description="`company_` and 32 hexadecimal digits, from the platform's owner",
        auto_error=False,
    )
)
credential = Depends(
    HTTPBearer(scheme_name="DeviceCredential", description="what `POST /v1/devices` has answered", auto_error=False)
)
router = APIRouter(prefix="/v1", tags=["native"], dependencies=[company_key])


class Enrolment(BaseModel):
    """Who enrols which device."""

    email: Annotated[str, Field(min_length=1, max_length=512)]
    password: Annotated[str, Field(min_length=1, max_length=512)]
    name: Annotated[str, Field(min_length=1, max_length=512, description="by which the person knows the device")]


class EnrolledDevice(BaseModel):
    """A new device and whose it is."""

    device_id: UUID
    credential: Annotated[str, Field(description="shown this once; it goes into `Authorization: Bearer …`")]
    employee_name: str
    employee_email: str


class Config(BaseModel):
    """What to record. Apply one only when its version exceeds the one you have."""

    version: int
    screenshots_enabled: bool
    screenshot_interval_seconds: int
    website_tracking_enabled: bool
    app_tracking_enabled: bool
    idle_detection_enabled: bool
    idle_threshold_seconds: int


class ShownTask(BaseModel):
    """What somebody is to do."""

    id: int
    title: str
    description: str
    status: Literal["OPEN", "IN_PROGRESS", "DONE"]
    due_date: date | None
    assigned_by: str
    created_at: datetime
    completed_at: datetime | None


class TaskChange(BaseModel):
    """How far it is."""

    status: Literal["OPEN", "IN_PROGRESS", "DONE"]


class ChangedTask(BaseModel):
    """How far it is now."""

    id: int
    status: str
    completed_at: datetime | None


@router.post("/devices", status_code=201)
async def enrol(native: TheNative, caller: TheCaller, enrolment: Enrolment) -> EnrolledDevice:
    """Enrols a device of the person whose log-in is given."""
    try:
        enrolled = await devices.enrol_device(
            native.gateway.engine,
            caller.company.company_id,
            email=enrolment.email,
            password=enrolment.password,
            name=enrolment.name,
            origin=caller.origin,
            now=caller.received_at,
        )
    except NotAuthenticated as error:  # apart from a credential that has ended, which asks for an enrolment
        raise Problem(401, "wrong_credentials", error.message) from None
    return EnrolledDevice(
        device_id=enrolled.device_id,
        credential=enrolled.credential,
        employee_name=enrolled.employee_name,
        employee_email=enrolled.employee_email,
    )


@router.delete("/devices/current", status_code=204, dependencies=[credential])
async def leave(native: TheNative, caller: TheCaller, device: TheDevice) -> None:
    """Ends the credential that is shown; what the device has sent stays."""
    company_id = caller.company.company_id
    await devices.revoke_device(native.gateway.engine, company_id, device.device_id, caller.received_at)
    native.gateway.authenticator.forget(device)


@router.get(
    "/config",
    response_model=Config,
    responses={304: {"description": "Nothing is newer than that version, even after the wait"}},
    dependencies=[credential],
)
async def config(
    native: TheNative,
    caller: TheCaller,
    version: Annotated[int, Query(ge=0, le=LARGEST_VERSION, description="the one you have")] = 0,
    wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT, description="seconds to wait for a newer one")] = 0,
) -> Response:
    """What to record. With a `wait` the answer comes when there is something newer, or when the time is over."""
    until = time.monotonic() + wait
    device, found = await _current(native, caller)
    # Nothing happens between a look at the version and the wait, so no change is missed; some change other things.
    while found.version <= version and (left := until - time.monotonic()) > 0:
        if not await native.watch.wait(caller.company.company_id, device.device_id, left):
            until = 0.0
        device, found = await _current(native, caller)
    headers = {"etag": f'"{found.version}"'}
    if found.version <= version:
        return Response(status_code=304, headers=headers)
    return Response(found.model_dump_json(), headers=headers, media_type="application/json")


@router.get("/tasks", dependencies=[credential])
async def tasks(
    native: TheNative,
    caller: TheCaller,
    device: TheDevice,
    response: Response,
    after: Annotated[
        str, Query(max_length=LONGEST_POSITION, description="of the next page, from the header Link")
    ] = "",
) -> list[ShownTask]:
    """The tasks of the person whose device it is: those to do first, the newest of them first. At most 200; where there
    are more, the header `Link` holds the address of the next page.
    """
    found = await list_tasks(native.gateway.engine, caller.company.company_id, device.employee_id, after=after)
    if found.after:
        response.headers["link"] = f'</v1/tasks?after={found.after}>; rel="next"'
    return [_shown(task) for task in found.rows]


@router.patch("/tasks/{number}", dependencies=[credential])
async def change_task(
    native: TheNative,
    caller: TheCaller,
    device: TheDevice,
    number: Annotated[int, Path(gt=0, lt=2**63)],
    change: TaskChange,
) -> ChangedTask:
    """Says how far one of that person's tasks is."""
    updated = await update_task(
        native.gateway.engine,
        caller.company.company_id,
        device.employee_id,
        number=number,
        status=change.status,
        now=caller.received_at,
    )
    return ChangedTask(id=number, status=change.status, completed_at=updated.completed_at)


async def _current(native: Native, caller: Caller) -> tuple[Device, Config]:
    """Device and configuration of this moment. Problem, NotAuthenticated: company or device may not go on any more."""
    device = await device_of(native, caller)
    company, _entitlement, _key = admitted(await native.admission.decide(caller.key_text, utc_now()))
    return device, _config(company.policy, device)


def _config(policy: TrackingPolicy, device: Device) -> Config:
    return Config(
        version=policy.version_for(device.logged_in_at),
        screenshots_enabled=policy.screenshots_enabled,
        screenshot_interval_seconds=policy.screenshot_interval_seconds,
        website_tracking_enabled=policy.website_tracking_enabled,
        app_tracking_enabled=policy.app_tracking_enabled,
        idle_detection_enabled=policy.idle_detection_enabled,
        idle_threshold_seconds=policy.idle_threshold_seconds,
    )


def _shown(task: Task) -> ShownTask:
    return ShownTask(
        id=task.number,
        title=task.title,
        description=task.description,
        status=task.status,
        due_date=task.due_date,
        assigned_by=task.assigned_by,
        created_at=task.created_at,
        completed_at=task.completed_at,
    )
