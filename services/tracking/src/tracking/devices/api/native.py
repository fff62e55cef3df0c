"""Native API calls about the device and its configuration."""

import time
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.security import APIKeyHeader, HTTPBearer
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import NotAuthenticated
from tracking.access.api import Admission
from tracking.access.rules.policy import TrackingPolicy
from tracking.access.use_cases import ConfigWatch
from tracking.devices.api.desktop import DeviceGateway
from tracking.devices.store.devices import Device
from tracking.devices.use_cases import devices
from tracking.protocols.calls import Caller, admitted, utc_now


class EngineGateway(DeviceGateway, Protocol):
    """A gateway with a database connection."""

    @property
    def engine(self) -> AsyncEngine: ...


class CallingDevice(Protocol):
    """What it takes to identify the device of a call."""

    @property
    def gateway(self) -> DeviceGateway: ...


class DeviceNative(CallingDevice, Protocol):
    """What the calls of this module need."""

    @property
    def gateway(self) -> EngineGateway: ...

    @property
    def admission(self) -> Admission: ...

    @property
    def watch(self) -> ConfigWatch: ...


MAX_WAIT_SECONDS = 30.0  # seconds
MAX_VERSION = 2**53 - 1  # the largest integer that every JSON reader can represent


def get_native(request: Request) -> Any:
    """The application's dependencies; each module declares the part it needs."""
    return request.app.state.native


def get_caller(request: Request) -> Caller:
    """The caller as the gateway admitted it."""
    caller: Caller = request.state.caller
    return caller


TheNative = Annotated[DeviceNative, Depends(get_native)]
TheCaller = Annotated[Caller, Depends(get_caller)]


async def get_device(native: TheNative, caller: TheCaller) -> Device:
    """The device whose credential the caller presented."""
    return await device_of(native, caller)


TheDevice = Annotated[Device, Depends(get_device)]

# Key and credential are checked elsewhere; these declare them for the OpenAPI description.
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


class Config(BaseModel):
    """What to record. Apply one only when its version exceeds the one you have."""

    version: int
    screenshots_enabled: bool
    screenshot_interval_seconds: int
    website_tracking_enabled: bool
    app_tracking_enabled: bool
    idle_detection_enabled: bool
    idle_threshold_seconds: int


@router.delete("/devices/current", status_code=204, dependencies=[credential])
async def leave(native: TheNative, caller: TheCaller, device: TheDevice) -> None:
    """Revokes the credential that was presented; data from the device is kept."""
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
    version: Annotated[int, Query(ge=0, le=MAX_VERSION, description="the one you have")] = 0,
    wait: Annotated[float, Query(ge=0, le=MAX_WAIT_SECONDS, description="seconds to wait for a newer one")] = 0,
) -> Response:
    """What to record. With a `wait` the answer comes when there is something newer, or when the time is over."""
    until = time.monotonic() + wait
    device, found = await _current(native, caller)
    # No change is missed: nothing runs between reading the version and waiting. A change may concern something else.
    while found.version <= version and (left := until - time.monotonic()) > 0:
        if not await native.watch.wait(caller.company.company_id, device.device_id, left):
            until = 0.0
        device, found = await _current(native, caller)
    headers = {"etag": f'"{found.version}"'}
    if found.version <= version:
        return Response(status_code=304, headers=headers)
    return Response(found.model_dump_json(), headers=headers, media_type="application/json")


async def _current(native: DeviceNative, caller: Caller) -> tuple[Device, Config]:
    """The current device and configuration. Problem, NotAuthenticated: the company or the device has lost access."""
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


async def device_of(native: CallingDevice, caller: Caller) -> Device:
    """The device that holds the credential. NotAuthenticated: no device of the company does."""
    company_id = caller.company.company_id
    device = await native.gateway.authenticator.device(company_id, caller.credential) if caller.credential else None
    if device is None:
        raise NotAuthenticated("The device's credential is missing or no longer valid; enrol the device again")
    native.gateway.key_uses.note(caller.key, device.device_id, caller.received_at)
    return device
