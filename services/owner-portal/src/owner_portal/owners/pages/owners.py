"""The list of owners: inviting and deactivating."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from owner_portal.access.pages import SignedInOwner, SteppedUpOwner
from owner_portal.owners.pages.guard import Security
from owner_portal.owners.rules.accounts import Account, Invitation
from owner_portal.owners.use_cases.accounts import deactivate_owner, list_owners
from owner_portal.owners.use_cases.failed_sign_ins import failed_sign_ins_of
from owner_portal.owners.use_cases.invitations import SentInvitation, invite_owner, show_sent, withdraw_invitation
from owner_portal.text.rules import read_reason
from owner_portal.web.inputs import Input, NoFields, Reason, check_names, described, fields_of, validate
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.rendering import render
from owner_portal.web.requests import IdempotencyKey, Typed, wants_json
from servicekit.errors import AppError, NotFound, http_status
from servicekit.ids import new_id

router = APIRouter(prefix="/owner/owners")

DONE = {
    "withdrawn": "Invitation withdrawn. Its link no longer works.",
    "deactivated": "Account deactivated. Its sessions have ended.",
}


@router.get("/", **described(answer='{"owners", "invitations"}'))
async def owners_page(request: Request, portal: ThePortal, owner: SignedInOwner, shown: UUID | None = None) -> Response:
    """All owners and open invitations; `?shown=` shows a new link once."""
    if wants_json(request):
        accounts, invitations = await list_owners(portal.engine)
        return JSONResponse(
            {
                "owners": [_account_json(account) for account in accounts],
                "invitations": [_invitation_json(invitation) for invitation in invitations],
            }
        )
    if shown is None:
        return await _page(request, portal)
    try:
        sent = await show_sent(portal.engine, signed_in=owner, answer_id=shown, box=portal.get(Security).box)
    except NotFound as error:
        return await _page(request, portal, status=404, problem=error.message)
    return await _page(request, portal, sent=sent)


class InviteInput(Input):
    """The e-mail of the new owner."""

    email: str = ""


class DeactivateInput(Input):
    """The reason is optional."""

    reason: Reason = ""


@router.post("/invite/", **described(InviteInput, '{"invitation", "link"}', status=201))
async def invite(
    request: Request,
    portal: ThePortal,
    owner: SteppedUpOwner,
    fields: Annotated[InviteInput, fields_of(InviteInput)],
    idempotency_key: IdempotencyKey,
) -> Response:
    """Sends an invitation. A script gets its link in the response, a browser once on the next page."""
    email = fields.email
    try:
        sent = await invite_owner(
            portal.engine,
            signed_in=owner,
            email=email,
            public_url=portal.public_url,
            key=idempotency_key,
            box=portal.get(Security).box,
        )
    except AppError as error:
        return await _refused(request, portal, error, email=email)
    if wants_json(request):
        return JSONResponse({"invitation": _invitation_json(sent.invitation), "link": sent.link}, 201)
    return RedirectResponse(f"/owner/owners/?shown={sent.answer_id}", 303)


@router.post("/invitations/{invitation_id:uuid}/withdraw/", **described(Input))
async def withdraw(
    request: Request, portal: ThePortal, owner: SteppedUpOwner, invitation_id: UUID, _fields: NoFields
) -> Response:
    """Withdraws an open invitation."""
    await withdraw_invitation(portal.engine, actor=owner.email, invitation_id=invitation_id)
    return _done(request, "withdrawn")


@router.post("/{owner_id:uuid}/deactivate/", **described(DeactivateInput))
async def deactivate(
    request: Request, portal: ThePortal, owner: SteppedUpOwner, owner_id: UUID, fields: Typed
) -> Response:
    """Deactivates an owner; the reason is optional."""
    try:
        check_names(request, DeactivateInput, fields)
        reason = read_reason({"reason": validate(DeactivateInput, fields).reason})
        await deactivate_owner(portal.engine, actor=owner.email, owner_id=owner_id, reason=reason)
    except AppError as error:
        return await _refused(request, portal, error)
    return _done(request, "deactivated")


def _done(request: Request, done: str) -> Response:
    return JSONResponse({}) if wants_json(request) else RedirectResponse(f"/owner/owners/?done={done}", 303)


async def _refused(request: Request, portal: Portal, error: AppError, email: str = "") -> Response:
    if wants_json(request):
        raise error
    return await _page(request, portal, status=http_status(error), problem=error.message, email=email)


async def _page(
    request: Request,
    portal: Portal,
    *,
    status: int = 200,
    sent: SentInvitation | None = None,
    problem: str = "",
    email: str = "",
) -> Response:
    accounts, invitations = await list_owners(portal.engine)
    return render(
        request,
        "owners/owners.html",
        status,
        accounts=accounts,
        guessed=await failed_sign_ins_of(portal.engine, [account.email for account in accounts]),
        invitations=invitations,
        active=sum(account.deactivated_at is None for account in accounts),
        sent=sent,
        sends_mail=portal.sends_mail,
        problem=problem,
        email=email,
        idempotency_key=str(new_id()),
        done=DONE.get(request.query_params.get("done", ""), ""),
    )


def _account_json(account: Account) -> dict[str, Any]:
    return {
        "id": str(account.owner_id),
        "email": account.email,
        "active": account.deactivated_at is None,
        "has_second_factor": account.has_second_factor,
        "created_at": account.created_at.isoformat(),
        "last_seen_at": account.last_seen_at.isoformat() if account.last_seen_at else None,
    }


def _invitation_json(invitation: Invitation) -> dict[str, Any]:
    return {
        "id": str(invitation.invitation_id),
        "email": invitation.email,
        "invited_by": invitation.invited_by,
        "expires_at": invitation.expires_at.isoformat(),
    }
