"""The workspace: what a company's admins and employees see in their browsers."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import FastAPI, Form, Request
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.middleware import Middleware
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles

from servicekit.errors import AppError, InvalidInput
from servicekit.http_headers import SecurityHeaders
from servicekit.http_server import BodyLimit
from text_rules.ordering import prepare
from tracking.access.rules.directory import AccessDirectory
from tracking.access.worker import AccessSync
from tracking.company import pages as settings
from tracking.people.use_cases import add_employee, set_up_company
from tracking.reports import pages as reports
from tracking.screenshots.store.pictures import PictureStore
from tracking.sessions import pages as sessions
from tracking.sign_in.pages import resets, sign_in
from tracking.sign_in.pages.sign_in import browser_of, let_in
from tracking.sign_in.use_cases.workspace_sign_in import open_session
from tracking.tasks import pages as tasks
from tracking.team.pages import accounts, people
from tracking.team.use_cases.show_team import show_person, show_team
from tracking.workspace.pages import held
from tracking.workspace.pages.errors import add_refusals, says_when
from tracking.workspace.pages.forms import Line, Once, submission
from tracking.workspace.pages.rendering import STATIC, render
from tracking.workspace.pages.statuses import http_status
from tracking.workspace.pages.visitors import AdminVisitor, AnyVisitor, TheWorkspace, Workspace, check_origin

LARGEST_BODY = 64 * 1024


class AccountForm(BaseModel):
    """Who gets an account."""

    name: Line
    email: Line
    password: Line
    once: Once = ""


class SetupForm(AccountForm):
    """The first admin, and the proof that this is the company's."""

    key: Line


def workspace_app(
    engine: AsyncEngine,
    dispatch: AsyncEngine,
    directory: AccessDirectory,
    sync: AccessSync,
    *,
    health: Sequence[BaseRoute],
    pictures: PictureStore,
    cookie_secure: bool,
    sends_mail: bool = False,
) -> FastAPI:
    """The application over these dependencies; `sends_mail`: somebody hands queued e-mails over."""
    prepare()
    app = FastAPI(
        title="Tenantry workspace",
        openapi_url=None,
        routes=list(health),
        middleware=[Middleware(SecurityHeaders, secure=cookie_secure), Middleware(BodyLimit, limit=LARGEST_BODY)],
    )
    app.state.workspace = Workspace(engine, dispatch, directory, sync, pictures, cookie_secure, sends_mail)
    app.mount("/static", StaticFiles(directory=str(STATIC)))
    add_refusals(app)
    _add_pages(app)
    return app


def _add_pages(app: FastAPI) -> None:
    app.get("/")(home)
    app.get("/setup")(setup_page)
    app.post("/setup")(setup)
    app.get("/team")(team)
    app.post("/team")(add_to_team)
    app.include_router(sign_in.router)
    app.include_router(accounts.router)
    app.include_router(held.router)
    app.include_router(people.router)
    app.include_router(reports.router)
    app.include_router(resets.router)
    app.include_router(sessions.router)
    app.include_router(settings.router)
    app.include_router(tasks.router)


async def home(workspace: TheWorkspace, visitor: AnyVisitor) -> Response:
    """The visitor's own days and sessions."""
    shown = await show_person(workspace.engine, visitor.company_id, visitor.person.employee_id, datetime.now(UTC))
    return render("home.html", person=visitor.person, shown=shown)


async def setup_page() -> Response:
    """The form for a new company's first admin."""
    return render("setup.html", name="", email="")


async def setup(request: Request, workspace: TheWorkspace, form: Annotated[SetupForm, Form()]) -> Response:
    """Makes the first admin of the company whose key is given."""
    check_origin(request)
    key = form.key.strip().encode()
    try:
        company = workspace.directory.find(key, datetime.now(UTC))
        if company is None:  # perhaps the owner created it a second ago
            await workspace.sync.refresh()
            company = workspace.directory.find(key, datetime.now(UTC))
        if company is None:
            raise InvalidInput("No company has this key; check that it was copied whole")
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
        reply = render(
            "setup.html", status_code=http_status(error), error=error.message, name=form.name, email=form.email
        )
        return says_when(reply, error)
    browser = browser_of(request, workspace)
    ticket = await open_session(workspace.engine, company.company_id, admin, datetime.now(UTC), browser=browser)
    return await let_in(request, workspace, ticket, browser, to="/team")


async def team(workspace: TheWorkspace, visitor: AdminVisitor) -> Response:
    """The company's people and their day."""
    return await _team(workspace, visitor)


async def add_to_team(
    request: Request, workspace: TheWorkspace, visitor: AdminVisitor, form: Annotated[AccountForm, Form()]
) -> Response:
    """Adds an account within the seats of the plan."""
    try:
        await add_employee(
            workspace.engine,
            visitor.company_id,
            seats=workspace.seats_of(visitor.company_id),
            name=form.name,
            email=form.email,
            password=form.password,
            submission=submission(request, form.once, visitor.person.employee_id, form),
        )
    except AppError as error:
        return await _team(workspace, visitor, error=error, typed=form)
    return RedirectResponse("/team", 303)


async def _team(
    workspace: Workspace, visitor: AdminVisitor, *, error: AppError | None = None, typed: AccountForm | None = None
) -> Response:
    shown = await show_team(workspace.engine, visitor.company_id, datetime.now(UTC))
    return render(
        "team.html",
        status_code=http_status(error) if error else 200,
        person=visitor.person,
        shown=shown,
        seats=visitor.seats,
        typed=typed,
        error=error.message if error else "",
    )
