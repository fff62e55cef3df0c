"""The keys of a company: list, rotation, revocation."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, Response

from owner_portal.access.pages import SignedInOwner
from owner_portal.clients.actions import Action
from owner_portal.companies.client import KeyClient
from owner_portal.companies.pages import questions
from owner_portal.companies.rules.keys import Grace, devices_on_old, opening
from owner_portal.directory.pages.actions import StepUpAction, attempt, done
from owner_portal.directory.pages.answers import company_json, update_company_copy
from owner_portal.directory.pages.forms import Form, Texts, add_page, show
from owner_portal.directory.use_cases import find_company
from owner_portal.freshness.use_cases import cached_answer
from owner_portal.web.inputs import ReasonInput, described, parsed
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.rendering import render
from owner_portal.web.requests import wants_json
from servicekit.errors import NotFound

router = APIRouter(prefix="/owner/company/{company_id:uuid}")

DONE = {"key-revoked": "Key revoked. Devices that still use it are refused."}


async def _keys(portal: Portal, company_id: UUID, _typed: Texts) -> dict[str, object]:
    keys = await cached_answer(portal.engine, questions.keys(portal, company_id))
    return {"keys": keys, "opening": opening(keys.value or ()), "graces": list(Grace), "DAY": Grace.DAY}


def _read_grace(typed: str) -> Grace | None:
    return Grace(typed) if typed in set(Grace) else None


class RotationInput(ReasonInput):
    """`grace`: how long the old key remains valid. `key_hint`: that of the key to replace, as the page showed it."""

    grace: Annotated[Grace, parsed(_read_grace, f"Choose one of these: {', '.join(Grace)}.")] = Grace.NONE
    key_hint: str | None = None


ROTATE = Form("companies/rotate_key.html", RotationInput, otherwise="rotated in the owner portal", more=_keys)

add_page(router, "rotate-key", ROTATE)


@router.get("/keys/", **described(answer='{"company", "keys"}'))
async def keys_page(request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID) -> Response:
    """The newest 100 keys of the company, and the number of devices on each."""
    company = await find_company(portal.engine, company_id=company_id)
    keys = await cached_answer(portal.engine, questions.keys(portal, company_id))
    if wants_json(request):
        return JSONResponse({"company": company_json(company), "keys": jsonable_encoder(keys)})
    return render(
        request,
        "companies/keys.html",
        company=company,
        keys=keys,
        on_old=devices_on_old(keys.value or ()),
        done=DONE.get(request.query_params.get("done", "")),
    )


@router.post("/rotate-key/", **described(RotationInput, '{"company", "key"}'))
async def rotate(requested: StepUpAction) -> Response:
    """Replaces the key. Only this response contains the new one; the same request gets it again for 24 hours.

    Conflict: `key_hint` is given and is not that of the current key, which prevents an accidental second rotation.
    """

    async def carry_out(action: Action, fields: RotationInput) -> Response:
        company, key = await requested.portal.get(KeyClient).rotate(
            requested.company_id, fields.grace.length, action, replacing=fields.key_hint
        )
        await update_company_copy(requested.portal, company)
        if wants_json(requested.request):
            return JSONResponse({"company": company_json(company), "key": key})
        return render(
            requested.request, "companies/key.html", company=company, key=key, is_new=False, grace=fields.grace
        )

    return await attempt(requested, ROTATE, carry_out)


@router.get("/keys/{key_id:uuid}/revoke/", **described(answer='{"company"}'))
async def revoke_page(
    request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID, key_id: UUID
) -> Response:
    """The effect of revoking this key."""
    return await show(request, portal, company_id, _revocation(key_id))


@router.post("/keys/{key_id:uuid}/revoke/", **described(ReasonInput, '{"company", "keys_left"}'))
async def revoke(requested: StepUpAction, key_id: UUID) -> Response:
    """Revokes one key."""

    async def carry_out(action: Action, _fields: ReasonInput) -> Response:
        company, left = await requested.portal.get(KeyClient).revoke(requested.company_id, key_id, action)
        await update_company_copy(requested.portal, company)
        return done(requested, "keys/", "key-revoked", {"company": company_json(company), "keys_left": left})

    return await attempt(requested, _revocation(key_id), carry_out)


def _revocation(key_id: UUID) -> Form[ReasonInput]:
    async def more(portal: Portal, company_id: UUID, _typed: Texts) -> dict[str, object]:
        keys = await cached_answer(portal.engine, questions.keys(portal, company_id))
        found = next((key for key in keys.value or () if key.key_id == key_id), None)
        if found is None and keys.fresh:
            raise NotFound("This company has no such key.")
        return {
            "keys": keys,
            "key": found,
            "others": [key for key in opening(keys.value or ()) if key.key_id != key_id],
        }

    return Form("companies/revoke_key.html", ReasonInput, otherwise="revoked in the owner portal", more=more)
