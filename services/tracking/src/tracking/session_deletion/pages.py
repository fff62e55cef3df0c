"""The page on which an admin deletes a session."""

from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from tracking.publishing.messages import company_month_event
from tracking.screenshots.pages import ThePictures
from tracking.session_deletion.use_cases import delete_session
from tracking.sessions.use_cases.show_sessions import show_session
from tracking.workspace.pages.forms import Number
from tracking.workspace.pages.rendering import render
from tracking.workspace.pages.visitors import AdminVisitor, TheWorkspace

router = APIRouter(prefix="/sessions")


@router.get("/{number}/delete")
async def confirm_deletion(workspace: TheWorkspace, visitor: AdminVisitor, number: Number) -> Response:
    """Explains what deleting the session means."""
    shown = await show_session(workspace.engine, visitor.company_id, visitor.person.employee_id, number, is_admin=True)
    return render("session_delete.html", person=visitor.person, shown=shown)


@router.post("/{number}/delete")
async def delete(workspace: TheWorkspace, visitor: AdminVisitor, pictures: ThePictures, number: Number) -> Response:
    """Deletes the session with its time, use and screenshots; an open one ends first."""
    await delete_session(
        workspace.engine,
        pictures,
        visitor.company_id,
        number,
        deleted_by=visitor.person.employee_id,
        encode=company_month_event,
        now=datetime.now(UTC),
    )
    return RedirectResponse("/sessions", 303)
