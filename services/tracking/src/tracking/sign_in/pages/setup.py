"""The page that creates a new company's first admin."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from starlette.responses import Response

from servicekit.errors import AppError, InvalidInput, http_status
from tracking.people.use_cases import set_up_company
from tracking.sign_in.pages.sign_in import browser_of, start_browser_session
from tracking.sign_in.use_cases.workspace_sign_in import open_session
from tracking.workspace.pages.errors import with_retry_after
from tracking.workspace.pages.forms import IdempotencyKey, Line
from tracking.workspace.pages.rendering import render
from tracking.workspace.pages.visitors import TheWorkspace, check_origin

router = APIRouter()


class AccountForm(BaseModel):
    """Name, e-mail and password of a new account."""

    name: Line
    email: Line
    password: Line
    once: IdempotencyKey = ""


class SetupForm(AccountForm):
    """The first admin's account, and the company key as proof."""

    key: Line


@router.get("/setup")
async def setup_page() -> Response:
    """Shows the form."""
    return render("setup.html", name="", email="")


@router.post("/setup")
async def setup(request: Request, workspace: TheWorkspace, form: Annotated[SetupForm, Form()]) -> Response:
    """Creates the first admin of the company with that key."""
    check_origin(request)
    key = form.key.strip().encode()
    try:
        company = workspace.directory.find(key, datetime.now(UTC))
        if company is None:  # the owner may have created it a second ago
            await workspace.sync.refresh()
            company = workspace.directory.find(key, datetime.now(UTC))
        if company is None:
            raise InvalidInput("No company has this key; check that it was copied whole", field="key")
        workspace.admit(company.company_id)
        admin = await set_up_company(
            workspace.engine,
            company.company_id,
            seats=workspace.seats_of(company.company_id),
            time_zone=company.time_zone,
            name=form.name,
            email=form.email,
            password=form.password,
            form_key=form.once,
        )
    except AppError as error:
        reply = render("setup.html", status_code=http_status(error), error=error, name=form.name, email=form.email)
        return with_retry_after(reply, error)
    browser = browser_of(request, workspace)
    ticket = await open_session(workspace.engine, company.company_id, admin, datetime.now(UTC), browser=browser)
    return await start_browser_session(request, workspace, ticket, browser, to="/team")
