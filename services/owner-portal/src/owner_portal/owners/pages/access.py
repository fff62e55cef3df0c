"""Who may do what.

Everything but signing in needs a session, everything that changes something its token as well. What is hard to undo
needs a proof, not older than some minutes, that it is still the owner who sits there.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request

from credentials.tokens import token_digest
from owner_portal.owners.pages.cookies import browser_of
from owner_portal.owners.rules.accounts import Caller, SignedIn, is_csrf_token
from owner_portal.owners.rules.devices import device_name
from owner_portal.owners.use_cases.recognise import recognise
from owner_portal.owners.use_cases.step_up import prove_again
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.requests import Typed, check_origin, wants_json
from servicekit.errors import Forbidden

FORM_TOO_OLD = "This form is out of date. Reload the page and send it again."
HEADER_MISSING = "Send the csrf_token that this session's sign-in answered in the header X-CSRF-Token."
STEP_UP_FIELDS = ("step_up_password", "step_up_code")


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


async def _entered(request: Request, portal: ThePortal) -> SignedIn:
    by_itself = "x-by-itself" in request.headers  # the page asks, nobody clicked: that keeps no session alive
    owner = await recognise(portal.engine, token=request.cookies.get(portal.cookie_name, ""), touch=not by_itself)
    request.state.owner = owner
    return owner


EnteredOwner = Annotated[SignedIn, Depends(_entered)]
"""Whoever has a session, even one who has to set up a second factor first; NotAuthenticated without one."""


async def _signed_in(portal: ThePortal, owner: EnteredOwner) -> SignedIn:
    return _complete(portal, owner)


SignedInOwner = Annotated[SignedIn, Depends(_signed_in)]
"""The owner who asks for a page. NotAuthenticated, SecondFactorRequired."""


async def _listening(request: Request, portal: ThePortal) -> SignedIn:
    owner = await recognise(portal.engine, token=request.cookies.get(portal.cookie_name, ""), touch=False)
    return _complete(portal, owner)


Listening = Annotated[SignedIn, Depends(_listening)]
"""The owner whose open page listens: that alone keeps no session alive."""


async def _entered_acting(request: Request, owner: EnteredOwner, fields: Typed) -> SignedIn:
    check_csrf(request, owner, fields)
    return owner


def check_csrf(request: Request, owner: SignedIn, fields: Mapping[str, str]) -> None:
    """Forbidden unless the request was made for this session, by a page or script of this portal."""
    check_origin(request)
    given = request.headers.get("x-csrf-token") or fields.get("csrf_token", "")
    if not is_csrf_token(given, owner.csrf_token):
        raise Forbidden(HEADER_MISSING) if wants_json(request) else FormTooOld(FORM_TOO_OLD)


EnteredActor = Annotated[SignedIn, Depends(_entered_acting)]
"""The same for what changes something; Forbidden without the session's token."""


async def _acting(portal: ThePortal, owner: EnteredActor) -> SignedIn:
    return _complete(portal, owner)


ActingOwner = Annotated[SignedIn, Depends(_acting)]
"""The owner who changes something. Forbidden, SecondFactorRequired."""


async def prove(portal: Portal, owner: SignedIn, fields: Mapping[str, str]) -> None:
    """Takes the password, and the code, that the fields show. Forbidden: they are wrong. RateLimited."""
    await prove_again(
        portal.engine,
        signed_in=owner,
        password=fields.get("step_up_password", ""),
        code=fields.get("step_up_code", ""),
        box=portal.security.box,
    )


async def _stepped_up(portal: ThePortal, owner: EnteredActor, fields: Typed) -> SignedIn:
    if datetime.now(UTC) - owner.proved_at <= portal.security.step_up:
        return owner
    if not any(fields.get(name) for name in STEP_UP_FIELDS):
        raise StepUpRequired("Confirm that it is you: send step_up_password, and step_up_code if you have one.", fields)
    try:
        await prove(portal, owner, fields)
    except Forbidden as error:
        raise StepUpRequired(error.message, fields) from error
    return owner


SteppedUpEntered = Annotated[SignedIn, Depends(_stepped_up)]
"""Like the next one, for setting up a second factor: needs none yet."""


async def _stepped_up_complete(portal: ThePortal, owner: SteppedUpEntered) -> SignedIn:
    return _complete(portal, owner)


SteppedUpOwner = Annotated[SignedIn, Depends(_stepped_up_complete)]
"""The owner who does what is hard to undo. StepUpRequired unless it was shown a moment ago who that is."""


def _complete(portal: Portal, owner: SignedIn) -> SignedIn:
    if portal.security.totp_required and not owner.has_second_factor:
        raise SecondFactorRequired("Every owner needs a second factor here. Set it up in your account first.")
    return owner
