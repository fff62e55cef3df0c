"""Pages of screenshots, for the person they show and for the company's admins."""

from datetime import UTC, date, datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from tracking.people.use_cases import find_person
from tracking.screenshots.store.pictures import PictureStore
from tracking.screenshots.use_cases.show_screenshots import read_picture, show_gallery
from tracking.workspace.pages.forms import After, Number
from tracking.workspace.pages.rendering import render
from tracking.workspace.pages.visitors import AdminVisitor, AnyVisitor, TheWorkspace, Visitor, Workspace
from tracking.workspace.rules.visitors import ADMIN

router = APIRouter()


def get_pictures(request: Request) -> PictureStore:
    """The application's picture store."""
    pictures: PictureStore = request.app.state.pictures
    return pictures


ThePictures = Annotated[PictureStore, Depends(get_pictures)]


@router.get("/screenshots")
async def own_screenshots(
    workspace: TheWorkspace, visitor: AnyVisitor, day: date | None = None, after: After = ""
) -> Response:
    """The visitor's own screenshots of one day."""
    return await _gallery(workspace, visitor, visitor.person.employee_id, "/screenshots", day, after)


@router.get("/team/{number}/screenshots")
async def screenshots_of(
    workspace: TheWorkspace, visitor: AdminVisitor, number: Number, day: date | None = None, after: After = ""
) -> Response:
    """The screenshots of one of the company's people, for its admins."""
    person = await find_person(workspace.engine, visitor.company_id, number)
    return await _gallery(workspace, visitor, person.employee_id, f"/team/{number}/screenshots", day, after)


@router.get("/screenshots/{screenshot_id}")
async def picture(workspace: TheWorkspace, visitor: AnyVisitor, pictures: ThePictures, screenshot_id: UUID) -> Response:
    """One picture."""
    return await _picture(workspace, visitor, pictures, screenshot_id, thumbnail=False)


@router.get("/screenshots/{screenshot_id}/thumbnail")
async def thumbnail(
    workspace: TheWorkspace, visitor: AnyVisitor, pictures: ThePictures, screenshot_id: UUID
) -> Response:
    """Its thumbnail."""
    return await _picture(workspace, visitor, pictures, screenshot_id, thumbnail=True)


async def _gallery(
    workspace: Workspace, visitor: Visitor, employee_id: UUID, path: str, day: date | None, after: str
) -> Response:
    now = datetime.now(UTC)
    shown = await show_gallery(workspace.engine, visitor.company_id, employee_id, day=day, now=now, after=after)
    return render(
        "screenshots.html",
        person=visitor.person,
        shown=shown,
        path=path,
        newest=urlencode({"day": shown.day}) if after else "",
        older=urlencode({"day": shown.day, "after": shown.page.after}) if shown.page.after else "",
    )


async def _picture(
    workspace: Workspace, visitor: Visitor, pictures: PictureStore, screenshot_id: UUID, *, thumbnail: bool
) -> Response:
    own = None if visitor.person.role == ADMIN else visitor.person.employee_id
    jpeg = await read_picture(
        workspace.engine,
        pictures,
        visitor.company_id,
        screenshot_id,
        only_of=own,
        thumbnail=thumbnail,
    )
    return Response(jpeg, media_type="image/jpeg")
