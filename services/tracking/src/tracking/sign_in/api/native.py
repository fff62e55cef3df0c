"""The native API's enrolment of a device."""

from typing import Annotated, Protocol
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from servicekit.errors import NotAuthenticated
from tracking.devices.api.native import EngineGateway, TheCaller, company_key, get_native
from tracking.protocols.problems import Problem
from tracking.sign_in.use_cases.log_in import enrol_device


class SignInNative(Protocol):
    """What the calls of this module need."""

    @property
    def gateway(self) -> EngineGateway: ...


TheNative = Annotated[SignInNative, Depends(get_native)]
router = APIRouter(prefix="/v1", tags=["native"], dependencies=[company_key])


class Enrolment(BaseModel):
    """The person's credentials and the device's name."""

    email: Annotated[str, Field(min_length=1, max_length=512)]
    password: Annotated[str, Field(min_length=1, max_length=512)]
    name: Annotated[str, Field(min_length=1, max_length=512, description="by which the person knows the device")]


class EnrolledDevice(BaseModel):
    """A new device, and the person it belongs to."""

    device_id: UUID
    credential: Annotated[str, Field(description="shown this once; it goes into `Authorization: Bearer …`")]
    employee_name: str
    employee_email: str


@router.post("/devices", status_code=201)
async def enrol(native: TheNative, caller: TheCaller, enrolment: Enrolment) -> EnrolledDevice:
    """Enrols a device of the person whose log-in is given."""
    try:
        enrolled = await enrol_device(
            native.gateway.engine,
            caller.company.company_id,
            email=enrolment.email,
            password=enrolment.password,
            name=enrolment.name,
            origin=caller.origin,
            now=caller.received_at,
        )
    except NotAuthenticated as error:  # apart from an expired credential, which requires a new enrolment
        raise Problem(401, "wrong_credentials", error.message) from None
    return EnrolledDevice(
        device_id=enrolled.device_id,
        credential=enrolled.credential,
        employee_name=enrolled.employee_name,
        employee_email=enrolled.employee_email,
    )
