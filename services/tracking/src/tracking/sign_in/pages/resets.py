"""Pages for a forgotten password, without a sign-in."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from servicekit.errors import AppError, NotFound, http_status
from tracking.sign_in.pages.sign_in import browser_of, remember_browser
from tracking.sign_in.use_cases.reset_by_mail import ask_reset, set_password_by_link
from tracking.workspace.pages.errors import with_retry_after
from tracking.workspace.pages.forms import FormLine
from tracking.workspace.pages.rendering import render
from tracking.workspace.pages.visitors import TheWorkspace, check_origin, origin_of

router = APIRouter()


@router.get("/forgot")
async def forgot_page(workspace: TheWorkspace, asked: str = "") -> Response:
    """Shows the form, or whom to ask if the workspace sends no mail."""
    return render("forgot.html", sends_mail=workspace.sends_mail, asked=bool(asked), email="")


@router.post("/forgot")
async def forgot(request: Request, workspace: TheWorkspace, email: FormLine) -> Response:
    """Gives the same answer, in the same time, whether or not there is such an account."""
    check_origin(request)
    if not workspace.sends_mail:
        return render("forgot.html", status_code=409, sends_mail=False, asked=False, email=email)
    try:
        await ask_reset(workspace.engine, email=email, origin=origin_of(request))
    except AppError as error:
        reply = render(
            "forgot.html",
            status_code=http_status(error),
            sends_mail=True,
            asked=False,
            email=email,
            error=error,
        )
        return with_retry_after(reply, error)
    return RedirectResponse("/forgot?asked=1", 303)


@router.get("/reset")
async def reset_page() -> Response:
    """Shows the form. The link's code is in the URL fragment, which no server receives; a script copies it into the
    form.
    """
    return _page()


@router.post("/reset")
async def reset(request: Request, workspace: TheWorkspace, code: FormLine, new: FormLine) -> Response:
    """Sets the password; everything that the old one opened is revoked."""
    check_origin(request)
    browser = browser_of(request, workspace)
    try:
        await set_password_by_link(
            workspace.engine,
            code=code,
            new=new,
            now=datetime.now(UTC),
            sends_mail=workspace.sends_mail,
            browser=browser,
        )
    except AppError as error:
        return _page(error, code="" if isinstance(error, NotFound) else code)
    return remember_browser(RedirectResponse("/login?done=reset", 303), workspace, browser)


def _page(error: AppError | None = None, code: str = "") -> Response:
    status_code = http_status(error) if error else 200
    return render("reset.html", status_code=status_code, code=code, error=error)
