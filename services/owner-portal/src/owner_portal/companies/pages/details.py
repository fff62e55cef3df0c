"""The details of a company: name, contact and logo."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from owner_portal.access.pages import SignedInOwner
from owner_portal.clients.actions import Action
from owner_portal.companies.client import CompanyClient, CompanySettingsClient
from owner_portal.companies.pages.edit_conflicts import check_unchanged, write_seen
from owner_portal.companies.rules.drafts import CompanyDraft
from owner_portal.directory.pages.actions import OwnerAction, attempt, done
from owner_portal.directory.pages.answers import company_json, update_company_copy
from owner_portal.directory.pages.forms import Form, Texts, add_page
from owner_portal.directory.use_cases import find_company
from owner_portal.web.inputs import ReasonInput, described, described_file
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.requests import wants_json
from servicekit.errors import InvalidInput
from text_rules.zones import time_zones

router = APIRouter(prefix="/owner/company/{company_id:uuid}")

IMMUTABLE = "private, max-age=31536000, immutable"  # the URL contains the picture's digest
MAX_LOGO_BYTES = 256 * 1024


async def _draft(portal: Portal, company_id: UUID, typed: Texts) -> dict[str, object]:
    company = await find_company(portal.engine, company_id=company_id)
    saved = CompanyDraft.of(company)
    return {"draft": saved.updated(typed), "seen": write_seen(saved.details()), "zones": time_zones()}


class EditInput(ReasonInput):
    """The fields to change; the others keep their values. `seen`: the values when a browser's form was opened."""

    name: str = ""
    email: str = ""
    contact_person: str = ""
    phone: str = ""
    address: str = ""
    time_zone: str = ""
    seen: str = ""


class LogoInput(ReasonInput):
    """`remove`: "true" removes the logo; otherwise the part `logo` of the form is the picture."""

    remove: str = ""


EDIT = Form("companies/edit.html", EditInput, otherwise="edited in the owner portal", more=_draft)
LOGO = Form("companies/logo.html", LogoInput, otherwise="changed in the owner portal")

add_page(router, "edit", EDIT)
add_page(router, "logo/edit", LOGO)


@router.post("/edit/", **described(EditInput, '{"company"}'))
async def edit(requested: OwnerAction) -> Response:
    """Changes the fields that a script sends, or those that differ in a browser's form."""
    before = CompanyDraft.of(await find_company(requested.portal.engine, company_id=requested.company_id))
    draft = before.updated(requested.typed)

    async def carry_out(action: Action, _fields: EditInput) -> Response:
        await check_unchanged(requested, before.details(), audited_as="update")
        # A script's repetition finds its fields already changed; only tenancy recognises it as a repetition.
        changes = draft.given(requested.typed) if wants_json(requested.request) else draft.changes_from(before)
        if not changes:
            raise InvalidInput("Nothing has changed. Change a field first.")
        company = await requested.portal.get(CompanyClient).update(requested.company_id, changes, action)
        await update_company_copy(requested.portal, company)
        return done(requested, "", "edited", {"company": company_json(company)})

    return await attempt(requested, replace(EDIT, check=lambda _typed: draft.problems()), carry_out)


@router.get("/logo/", **described_file("The picture.", "image/png", "image/jpeg", "image/gif", "image/webp"))
async def logo(portal: ThePortal, _owner: SignedInOwner, company_id: UUID) -> Response:
    """The picture. NotFound: the company has none."""
    content, media_type = await portal.get(CompanySettingsClient).logo(company_id)
    return Response(content, media_type=media_type, headers={"cache-control": IMMUTABLE})


async def _uploaded(request: Request) -> bytes | None:
    """The picture in a form; None if there is none."""
    found = (await request.form()).get("logo")
    return await found.read() if isinstance(found, UploadFile) and found.size else None


@router.post("/logo/edit/", **described(LogoInput, '{"company"}', multipart=True))
async def set_logo(requested: OwnerAction, content: Annotated[bytes | None, Depends(_uploaded)]) -> Response:
    """Saves the picture in the part `logo` of a multipart form; `remove` removes the current one."""
    remove = bool(requested.typed.get("remove"))

    def check(_typed: Texts) -> dict[str, str]:
        if content is None and not remove:
            return {"logo": "Choose a picture: PNG, JPEG, GIF or WebP, at most 256 KiB."}
        if content is not None and len(content) > MAX_LOGO_BYTES:
            return {"logo": f"This picture is {len(content) // 1024:,} KiB. Choose one of at most 256 KiB."}
        return {}

    async def carry_out(action: Action, _fields: LogoInput) -> Response:
        company = await requested.portal.get(CompanySettingsClient).set_logo(
            requested.company_id, content or b"", action
        )
        await update_company_copy(requested.portal, company)
        return done(requested, "", "logo-changed", {"company": company_json(company)})

    return await attempt(requested, replace(LOGO, check=check), carry_out)
