"""Pages of sessions: employees see their own, admins those of the company, which they may end."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import RedirectResponse, Response

from servicekit.errors import InvalidInput
from tracking.sessions.use_cases.lifecycle import end_session_as_admin
from tracking.sessions.use_cases.show_sessions import SessionFilter, show_session, show_sessions
from tracking.workspace.pages.forms import After, Number, date_of
from tracking.workspace.pages.rendering import render
from tracking.workspace.pages.visitors import AdminVisitor, AnyVisitor, TheWorkspace
from tracking.workspace.rules.visitors import ADMIN

router = APIRouter(prefix="/sessions")
Field = Annotated[str, Query(max_length=20)]  # browsers send an empty field as well


@router.get("")
async def sessions(
    workspace: TheWorkspace,
    visitor: AnyVisitor,
    day: Field = "",
    person: Field = "",
    after: After = "",
) -> Response:
    """The company's sessions for its admins, by day and person; an employee's own sessions by day."""
    is_admin = visitor.person.role == ADMIN
    wanted = SessionFilter(person=_number(person) if is_admin else None, day=date_of(day, "day"), after=after)
    shown = await show_sessions(
        workspace.engine, visitor.company_id, visitor.person.employee_id, wanted, is_admin=is_admin
    )
    chosen = {"day": wanted.day or "", "person": wanted.person or ""}
    return render(
        "sessions.html",
        person=visitor.person,
        shown=shown,
        wanted=wanted,
        newest=urlencode(chosen) if after else "",
        older=urlencode(chosen | {"after": shown.after}) if shown.after else "",
    )


@router.get("/{number}")
async def session(workspace: TheWorkspace, visitor: AnyVisitor, number: Number) -> Response:
    """One session."""
    shown = await show_session(
        workspace.engine,
        visitor.company_id,
        visitor.person.employee_id,
        number,
        is_admin=visitor.person.role == ADMIN,
    )
    return render("session.html", person=visitor.person, shown=shown)


@router.post("/{number}/end")
async def end(
    workspace: TheWorkspace,
    visitor: AdminVisitor,
    number: Number,
) -> Response:
    """Ends an open session at its last heartbeat; a tracker stops within seconds."""
    await end_session_as_admin(workspace.engine, visitor.company_id, number)
    return RedirectResponse(f"/sessions/{number}", 303)


def _number(text: str) -> int | None:
    if text and not (text.isascii() and text.isdecimal()):
        raise InvalidInput("the person must be given by number", field="person")
    return int(text) if text else None
