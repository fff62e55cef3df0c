"""The settings page for a company's admins, and the style sheet with the company's colour."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Form, Header
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from servicekit.errors import InvalidInput, http_status
from tracking.company.store.company_settings import CompanySettings
from tracking.company.use_cases.company_settings import change_settings, show_settings
from tracking.workspace.pages.forms import Line, Version, version_for
from tracking.workspace.pages.rendering import render
from tracking.workspace.pages.visitors import AdminVisitor, AnyVisitor, TheWorkspace, Workspace
from tracking.workspace.rules.editing import Editor, Stale

router = APIRouter()


class SettingsForm(BaseModel):
    """The settings that an admin may change."""

    name: Line
    colour: Line
    target_hours: Line
    version: Version


@router.get("/settings")
async def settings_page(workspace: TheWorkspace, visitor: AdminVisitor) -> Response:
    """Shows the settings, including those that only the owner changes."""
    return await _settings(workspace, visitor)


@router.post("/settings")
async def change(workspace: TheWorkspace, visitor: AdminVisitor, form: Annotated[SettingsForm, Form()]) -> Response:
    """Saves the settings."""
    try:
        await change_settings(
            workspace.engine,
            visitor.company_id,
            editor=Editor(visitor.person.employee_id, form.version),
            name=form.name,
            colour=form.colour,
            target_hours=form.target_hours,
        )
    except (InvalidInput, Stale) as error:
        return await _settings(workspace, visitor, error=error, typed=form)
    return RedirectResponse("/settings", 303)


@router.get("/brand.css")
async def brand(visitor: AnyVisitor, if_none_match: Annotated[str, Header()] = "") -> Response:
    """The company's colour. Browsers cache it and revalidate it with each page."""
    colour = visitor.person.brand_colour
    sheet = f":root {{ --brand: {colour}; }}\n" if colour else ""
    tag = f'"{hashlib.sha256(sheet.encode()).hexdigest()[:16]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache", "vary": "cookie"}
    if tag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(sheet, media_type="text/css", headers=headers)


async def _settings(
    workspace: Workspace,
    visitor: AdminVisitor,
    *,
    error: InvalidInput | Stale | None = None,
    typed: SettingsForm | None = None,
) -> Response:
    shown = await show_settings(workspace.engine, visitor.company_id)
    return render(
        "settings.html",
        status_code=http_status(error) if error else 200,
        person=visitor.person,
        shown=shown,
        says=typed or _as_typed(shown.settings, shown.version),
        version=version_for(error, typed, shown.version),
        policy=visitor.access.company.policy if visitor.access.company else None,
        entitlement=visitor.access.entitlement,
        error=error,
    )


def _as_typed(settings: CompanySettings, version: int) -> SettingsForm:
    return SettingsForm(
        name=settings.workspace_name,
        colour=settings.brand_colour,
        target_hours=f"{settings.daily_target_seconds / 3600:g}",
        version=version,
    )
