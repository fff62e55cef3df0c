"""The page on which a person changes their own password."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from servicekit.errors import AppError, http_status
from tracking.sign_in.pages.sign_in import browser_of, remember_browser
from tracking.sign_in.use_cases.change_password import change_password
from tracking.workspace.pages.errors import with_retry_after
from tracking.workspace.pages.forms import Line
from tracking.workspace.pages.rendering import render
from tracking.workspace.pages.visitors import AnyVisitor, TheWorkspace

router = APIRouter()


class PasswordForm(BaseModel):
    """The current password and the new one."""

    present: Line
    new: Line


@router.get("/account")
async def own_account(visitor: AnyVisitor, done: str = "") -> Response:
    """Shows the form."""
    return render("own_account.html", person=visitor.person, done=done == "password")


@router.post("/account")
async def change_own_password(
    request: Request, workspace: TheWorkspace, visitor: AnyVisitor, form: Annotated[PasswordForm, Form()]
) -> Response:
    """Changes the password; this sign-in is the only one that stays."""
    browser = browser_of(request, workspace)
    try:
        await change_password(
            workspace.engine,
            visitor.ticket,
            visitor.person.employee_id,
            present=form.present,
            new=form.new,
            now=datetime.now(UTC),
            browser=browser,
        )
    except AppError as error:
        reply = render(
            "own_account.html", status_code=http_status(error), person=visitor.person, done=False, error=error
        )
        return with_retry_after(reply, error)
    return remember_browser(RedirectResponse("/account?done=password", 303), workspace, browser)
