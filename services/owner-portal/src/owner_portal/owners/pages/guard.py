"""How requests are admitted: by session, form token, second factor, and a recent proof."""

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
from owner_portal.owners.use_cases.sign_in import recognise
from owner_portal.owners.use_cases.step_up import prove_again
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.requests import Typed, check_origin, wants_json
from servicekit.errors import Forbidden

FORM_TOO_OLD = "This form is out of date. Reload the page and send it again."
HEADER_MISSING = "Send the csrf_token that this session's sign-in answered in the header X-CSRF-Token."
STEP_UP_FIELDS = ("step_up_password", "step_up_code")


@dataclass(frozen=True, slots=True)
class Security:
    """How owners are let in. `step_up`: how long a proof of who it is holds."""

    box: SecretBox
    totp_required: bool = False
    step_up: timedelta = timedelta(minutes=10)


class SecondFactorRequired(Forbidden):
    """This owner has to set up a second factor before anything else."""


class FormTooOld(Forbidden):
    """The form was made for a session that is over."""


class StepUpRequired(Forbidden):
    """The request is fine, but it has to be shown again who sends it; `fields` is what it holds."""

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
"""Where the request comes from, signed in or not."""


def check_csrf(request: Request, owner: SignedIn, fields: Mapping[str, str]) -> None:
    """Forbidden unless the request was made for this session, by a page or script of this portal."""
    check_origin(request)
    given = request.headers.get("x-csrf-token") or fields.get("csrf_token", "")
    if not is_csrf_token(given, owner.csrf_token):
        raise Forbidden(HEADER_MISSING) if wants_json(request) else FormTooOld(FORM_TOO_OLD)


async def _entered_acting(request: Request, owner: EnteredOwner, fields: Typed) -> SignedIn:
    check_csrf(request, owner, fields)
    return owner


EnteredActor = Annotated[SignedIn, Depends(_entered_acting)]
"""The same for what changes something; Forbidden without the session's token."""


async def prove(portal: Portal, owner: SignedIn, fields: Mapping[str, str]) -> None:
    """Takes the password, and the code, that the fields show. Forbidden: they are wrong. RateLimited."""
    await prove_again(
        portal.engine,
        signed_in=owner,
        password=fields.get("step_up_password", ""),
        code=fields.get("step_up_code", ""),
        box=portal.get(Security).box,
    )


async def _stepped_up(portal: ThePortal, owner: EnteredActor, fields: Typed) -> SignedIn:
    return await _step_up(portal, owner, fields)


SteppedUpEntered = Annotated[SignedIn, Depends(_stepped_up)]
"""Like SteppedUpOwner, for setting up a second factor: needs none yet."""


async def _step_up(portal: Portal, owner: SignedIn, fields: Mapping[str, str]) -> SignedIn:
    if datetime.now(UTC) - owner.proved_at <= portal.get(Security).step_up:
        return owner
    if not any(fields.get(name) for name in STEP_UP_FIELDS):
        raise StepUpRequired("Confirm that it is you: send step_up_password, and step_up_code if you have one.", fields)
    try:
        await prove(portal, owner, fields)
    except Forbidden as error:
        raise StepUpRequired(error.message, fields) from error
    return owner


async def _recognise(request: Request, portal: Portal, touch: bool) -> SignedIn:
    return await recognise(portal.engine, token=request.cookies.get(cookie_name(portal), ""), touch=touch)


def _to_page(portal: Portal, owner: SignedIn) -> SignedIn:
    if portal.get(Security).totp_required and not owner.has_second_factor:
        raise SecondFactorRequired("Every owner needs a second factor here. Set it up in your account first.")
    return owner


def _to_change(request: Request, portal: Portal, owner: SignedIn, fields: Mapping[str, str]) -> SignedIn:
    check_csrf(request, owner, fields)
    return _to_page(portal, owner)


async def _to_irreversible_change(
    request: Request, portal: Portal, owner: SignedIn, fields: Mapping[str, str]
) -> SignedIn:
    check_csrf(request, owner, fields)
    return _to_page(portal, await _step_up(portal, owner, fields))


GUARD = Guard(_recognise, _to_page, _to_change, _to_irreversible_change)
