"""Who a company is: name, contact and logo."""

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
from owner_portal.directory.pages.actions import AnAction, attempt, done
from owner_portal.directory.pages.answers import company_json, remember
from owner_portal.directory.pages.forms import Form, Texts, add_page
from owner_portal.directory.use_cases import find_company
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.requests import wants_json
from servicekit.errors import InvalidInput
from text_rules.zones import time_zones

router = APIRouter(prefix="/owner/company/{company_id:uuid}")

FOR_EVER = "private, max-age=31536000, immutable"  # the address holds the picture's digest
LARGEST_LOGO = 256 * 1024


async def _draft(portal: Portal, company_id: UUID, typed: Texts) -> dict[str, object]:
    company = await find_company(portal.engine, company_id=company_id)
    saved = CompanyDraft.of(company)
    return {"draft": saved.updated(typed), "seen": write_seen(saved.details()), "zones": time_zones()}


EDIT = Form("companies/edit.html", otherwise="edited in the owner portal", more=_draft)
LOGO = Form("companies/logo.html", otherwise="changed in the owner portal")

add_page(router, "edit", EDIT)
add_page(router, "logo/edit", LOGO)


@router.post("/edit/")
async def edit(asked: AnAction) -> Response:
    """Changes what a script gives, and of a browser's form, which holds everything, what differs."""
    before = CompanyDraft.of(await find_company(asked.portal.engine, company_id=asked.company_id))
    draft = before.updated(asked.typed)

    async def carry_out(action: Action) -> Response:
        await check_unchanged(asked, before.details(), audited_as="update")
        # A script's repetition finds its fields changed already: only tenancy knows that it is one.
        changes = draft.given(asked.typed) if wants_json(asked.request) else draft.changes_from(before)
        if not changes:
            raise InvalidInput("Nothing is to be changed. Change a field first.")
        company = await asked.portal.get(CompanyClient).update(asked.company_id, changes, action)
        await remember(asked.portal, company)
        return done(asked, "", "edited", {"company": company_json(company)})

    return await attempt(asked, replace(EDIT, check=lambda _typed: draft.problems()), carry_out)


@router.get("/logo/")
async def logo(portal: ThePortal, _owner: SignedInOwner, company_id: UUID) -> Response:
    """The picture. NotFound: the company has none."""
    content, media_type = await portal.get(CompanySettingsClient).logo(company_id)
    return Response(content, media_type=media_type, headers={"cache-control": FOR_EVER})


async def _uploaded(request: Request) -> bytes | None:
    """The picture in a form; None when the form holds none."""
    found = (await request.form()).get("logo")
    return await found.read() if isinstance(found, UploadFile) and found.size else None


@router.post("/logo/edit/")
async def set_logo(asked: AnAction, content: Annotated[bytes | None, Depends(_uploaded)]) -> Response:
    """Takes a picture as the part `logo` of a multipart form; `remove` takes the present one away."""
    remove = bool(asked.typed.get("remove"))

    def check(_typed: Texts) -> dict[str, str]:
        if content is None and not remove:
            return {"logo": "Choose a picture: PNG, JPEG, GIF or WebP, at most 256 KiB."}
        if content is not None and len(content) > LARGEST_LOGO:
            return {"logo": f"This picture has {len(content) // 1024:,} KiB. Choose one of at most 256 KiB."}
        return {}

    async def carry_out(action: Action) -> Response:
        company = await asked.portal.get(CompanySettingsClient).set_logo(asked.company_id, content or b"", action)
        await remember(asked.portal, company)
        return done(asked, "", "logo-changed", {"company": company_json(company)})

    return await attempt(asked, replace(LOGO, check=check), carry_out)
