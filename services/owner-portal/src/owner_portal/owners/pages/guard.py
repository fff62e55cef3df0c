"""How requests are authorised: session, form token, second factor, step-up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request

from credentials.tokens import token_digest
from owner_portal.access.pages import EnteredOwner, Guard
from owner_portal.access.rules import SignedIn, is_csrf_token
from owner_portal.owners.pages.cookies import browser_of, cookie_name
from owner_portal.owners.rules.accounts import Caller
from owner_portal.owners.rules.devices import device_name
from owner_portal.owners.use_cases.secret_box import SecretBox
from owner_portal.owners.use_cases.sign_in import authenticate
from owner_portal.owners.use_cases.step_up import step_up
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.requests import Typed, check_origin, wants_json
from servicekit.errors import Forbidden

FORM_TOO_OLD = "This form has expired. Reload the page and submit it again."
HEADER_MISSING = "Send the csrf_token from the sign-in response of this session in the header X-CSRF-Token."
STEP_UP_FIELDS = ("step_up_password", "step_up_code")


@dataclass(frozen=True, slots=True)
class Security:
    """Settings of the sign-in. `step_up`: how long a step-up authentication remains valid."""

    box: SecretBox
    totp_required: bool = False
    step_up: timedelta = timedelta(minutes=10)


class SecondFactorRequired(Forbidden):
    """The owner has to set up a second factor first."""


class FormTooOld(Forbidden):
    """The form belongs to an ended session."""


class StepUpRequired(Forbidden):
    """The request is valid but needs step-up authentication; `fields` is its content."""

    def __init__(self, message: str, fields: Mapping[str, str]) -> None:
        super().__init__(message)
        self.fields = fields


async def _calling(request: Request, portal: ThePortal) -> Caller:
    return Caller(
        address=request.client.host if request.client else "unknown",
        device=device_name(request.headers.get("user-agent", "")),
        browser=token_digest(browser_of(request, portal)),
    )


TheCaller = Annotated[Caller, Depends(_calling)]
"""The origin of the request, signed in or not."""


def check_csrf(request: Request, owner: SignedIn, fields: Mapping[str, str]) -> None:
    """Forbidden unless the request carries this session's token and comes from this portal."""
    check_origin(request)
    given = request.headers.get("x-csrf-token") or fields.get("csrf_token", "")
    if not is_csrf_token(given, owner.csrf_token):
        raise Forbidden(HEADER_MISSING) if wants_json(request) else FormTooOld(FORM_TOO_OLD)


async def _entered_acting(request: Request, owner: EnteredOwner, fields: Typed) -> SignedIn:
    check_csrf(request, owner, fields)
    return owner


EnteredActor = Annotated[SignedIn, Depends(_entered_acting)]
"""An owner who changes something; Forbidden without the session's token."""


async def prove(portal: Portal, owner: SignedIn, fields: Mapping[str, str]) -> None:
    """Checks the password and the code in the fields. Forbidden: they are wrong. RateLimited."""
    await step_up(
        portal.engine,
        signed_in=owner,
        password=fields.get("step_up_password", ""),
        code=fields.get("step_up_code", ""),
        box=portal.get(Security).box,
    )


async def _stepped_up(portal: ThePortal, owner: EnteredActor, fields: Typed) -> SignedIn:
    return await _step_up(portal, owner, fields)


SteppedUpEntered = Annotated[SignedIn, Depends(_stepped_up)]
"""Like SteppedUpOwner, but without the requirement of a second factor."""


async def _step_up(portal: Portal, owner: SignedIn, fields: Mapping[str, str]) -> SignedIn:
    if datetime.now(UTC) - owner.proved_at <= portal.get(Security).step_up:
        return owner
    if not any(fields.get(name) for name in STEP_UP_FIELDS):
        raise StepUpRequired(
            "Confirm your identity: send step_up_password, and step_up_code if you have a second factor.", fields
        )
    try:
        await prove(portal, owner, fields)
    except Forbidden as error:
        raise StepUpRequired(error.message, fields) from error
    return owner


async def _authenticate(request: Request, portal: Portal, touch: bool) -> SignedIn:
    return await authenticate(portal.engine, token=request.cookies.get(cookie_name(portal), ""), touch=touch)


def _to_page(portal: Portal, owner: SignedIn) -> SignedIn:
    if portal.get(Security).totp_required and not owner.has_second_factor:
        raise SecondFactorRequired("A second factor is required for every owner. Set it up in your account first.")
    return owner


def _to_change(request: Request, portal: Portal, owner: SignedIn, fields: Mapping[str, str]) -> SignedIn:
    check_csrf(request, owner, fields)
    return _to_page(portal, owner)


async def _to_sensitive_action(
    request: Request, portal: Portal, owner: SignedIn, fields: Mapping[str, str]
) -> SignedIn:
    check_csrf(request, owner, fields)
    return _to_page(portal, await _step_up(portal, owner, fields))


GUARD = Guard(_authenticate, _to_page, _to_change, _to_sensitive_action)
