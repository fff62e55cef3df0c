"""Setting up a second factor and its recovery codes, and removing it."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import segno
from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import JSONResponse, RedirectResponse, Response

from owner_portal.access.pages import EnteredOwner, SignedInOwner, SteppedUpOwner
from owner_portal.access.rules import SignedIn
from owner_portal.owners.pages.account import show
from owner_portal.owners.pages.guard import Security, SteppedUpEntered
from owner_portal.owners.use_cases.second_factor import (
    SecondFactorOffer,
    confirm_second_factor,
    offer_second_factor,
    offered_second_factor,
    remove_second_factor,
    renew_recovery_codes,
)
from owner_portal.owners.use_cases.shown_once import SealedAnswer, show_answer
from owner_portal.web.inputs import Input, NoFields, described, fields_of
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.rendering import render, says_when
from owner_portal.web.requests import IdempotencyKey, wants_json
from servicekit.errors import AppError, Conflict, InvalidInput, RateLimited, Refused, http_status

router = APIRouter(prefix="/owner/account/second-factor")


@router.post("/", **described(Input, '{"secret", "uri"}'))
async def offer(request: Request, portal: ThePortal, owner: SteppedUpEntered, _fields: NoFields) -> Response:
    """Creates a new secret, which the next page shows as QR code and text until it is confirmed."""
    try:
        offered = await offer_second_factor(portal.engine, signed_in=owner, box=portal.get(Security).box)
    except Refused as error:
        return await _refused(request, portal, owner, error)
    if wants_json(request):
        return JSONResponse({"secret": offered.secret, "uri": offered.uri})
    return RedirectResponse("/owner/account/second-factor/", 303)


@router.get("/", include_in_schema=False)
async def offered_page(request: Request, portal: ThePortal, owner: EnteredOwner) -> Response:
    """The unconfirmed secret; only with a recent step-up authentication."""
    if datetime.now(UTC) - owner.proved_at > portal.get(Security).step_up:
        return RedirectResponse("/owner/account/", 303)
    try:
        offered = await offered_second_factor(portal.engine, signed_in=owner, box=portal.get(Security).box)
    except Refused as error:
        return await _refused(request, portal, owner, error)
    return _ask_first_code(request, offered)


class ConfirmInput(Input):
    """The first code of the new second factor."""

    code: str = ""


@router.post("/confirm/", **described(ConfirmInput, '{"recovery_codes"}'))
async def confirm(
    request: Request,
    portal: ThePortal,
    owner: SteppedUpEntered,
    fields: Annotated[ConfirmInput, fields_of(ConfirmInput, exact=True)],
) -> Response:
    """The first code confirms it. A script gets the recovery codes here, a browser once on the next page."""
    box = portal.get(Security).box
    try:
        codes = await confirm_second_factor(portal.engine, signed_in=owner, code=fields.code, box=box)
    except Refused as error:
        return await _refused(request, portal, owner, error)
    except (InvalidInput, RateLimited) as error:
        if wants_json(request):
            raise
        offered = await offered_second_factor(portal.engine, signed_in=owner, box=box)
        return says_when(_ask_first_code(request, offered, error), error)
    return _answer(request, codes)


@router.post("/recovery-codes/", **described(Input, '{"recovery_codes"}'))
async def recovery_codes(
    request: Request, portal: ThePortal, owner: SteppedUpOwner, idempotency_key: IdempotencyKey, _fields: NoFields
) -> Response:
    """Replaces the recovery codes. A script gets them here, a browser once on the next page."""
    try:
        codes = await renew_recovery_codes(
            portal.engine, signed_in=owner, key=idempotency_key, box=portal.get(Security).box
        )
    except (Refused, Conflict) as error:
        return await _refused(request, portal, owner, error)
    return _answer(request, codes)


@router.get("/recovery-codes/{answer_id:uuid}/", include_in_schema=False)
async def recovery_codes_page(request: Request, portal: ThePortal, owner: SignedInOwner, answer_id: UUID) -> Response:
    """The codes, once, to the session that asked for them."""
    texts = await show_answer(portal.engine, signed_in=owner, answer_id=answer_id, box=portal.get(Security).box)
    return render(request, "owners/recovery_codes.html", codes=texts["codes"].split(), is_new=bool(texts["is_new"]))


@router.post("/remove/", **described(Input))
async def remove(request: Request, portal: ThePortal, owner: SteppedUpOwner, _fields: NoFields) -> Response:
    """Back to the password alone."""
    try:
        await remove_second_factor(portal.engine, signed_in=owner, required=portal.get(Security).totp_required)
    except Refused as error:
        return await _refused(request, portal, owner, error)
    return JSONResponse({}) if wants_json(request) else RedirectResponse("/owner/account/?done=removed", 303)


def _ask_first_code(request: Request, offered: SecondFactorOffer, error: AppError | None = None) -> Response:
    return render(
        request,
        "owners/second_factor.html",
        http_status(error) if error else 200,
        picture=_picture(offered.uri),
        secret=" ".join(offered.secret[start : start + 4] for start in range(0, len(offered.secret), 4)),
        problem=error.message if error else "",
    )


def _answer(request: Request, answered: SealedAnswer) -> Response:
    if wants_json(request):
        return JSONResponse({"recovery_codes": answered.texts["codes"].split()})
    return RedirectResponse(f"/owner/account/second-factor/recovery-codes/{answered.answer_id}/", 303)


async def _refused(request: Request, portal: Portal, owner: SignedIn, error: Refused | Conflict) -> Response:
    if wants_json(request):
        raise error
    return await show(request, portal, owner, status=409, problems={"second_factor": error.message})


def _picture(uri: str) -> Markup:
    """Dark on white in any theme: not every app reads inverted codes."""
    drawn = segno.make(uri, error="m").svg_inline(
        omitsize=True, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, title="QR code"
    )
    return Markup(drawn)  # noqa: S704 - drawn here, the address is in it as squares alone
