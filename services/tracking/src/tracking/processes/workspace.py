"""The workspace process and its application."""

import socket
from collections.abc import Coroutine, Sequence
from functools import partial

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles

from mailer.delivery import send_mail
from mailer.senders import open_sender
from servicekit.bus import Bus
from servicekit.database import PAGE_STATEMENT_TIMEOUT_SECONDS, create_engine, ping
from servicekit.http_headers import SecurityHeaders
from servicekit.http_proxies import trust_proxies
from servicekit.http_server import BodyLimit, health_routes, serve
from servicekit.lifecycle import repeat, run_tasks
from text_rules.ordering import prepare
from tracking import settings
from tracking.access.client.billing import BillingClient
from tracking.access.client.tenancy import TenancyClient
from tracking.access.rules.company_keys import Peppers
from tracking.access.rules.directory import AccessDirectory
from tracking.access.worker import CHANGES, AccessSync
from tracking.company import pages as company
from tracking.db.store.scope import company_scope
from tracking.reports import pages as reports
from tracking.screenshots import pages as screenshots
from tracking.screenshots.store.pictures import PictureStore
from tracking.session_deletion import pages as session_deletion
from tracking.sessions import pages as sessions
from tracking.sign_in.pages import own_password, resets, setup, sign_in
from tracking.sign_in.store.sign_in_attempts import NO_COMPANY
from tracking.sign_in.use_cases.reset_by_mail import answer_requests
from tracking.sign_in.use_cases.workspace_sign_in import recognise
from tracking.tasks import pages as tasks
from tracking.team.pages import accounts, people, team
from tracking.workspace.pages import saved_forms
from tracking.workspace.pages.errors import add_error_pages
from tracking.workspace.pages.rendering import STATIC
from tracking.workspace.pages.visitors import Workspace

MAX_BODY_BYTES = 64 * 1024
PAGES = (
    team,
    setup,
    sign_in,
    accounts,
    own_password,
    saved_forms,
    people,
    screenshots,
    reports,
    resets,
    sessions,
    session_deletion,
    company,
    tasks,
)


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
    """The application with these dependencies; `sends_mail`: a process delivers queued e-mails."""
    prepare()
    app = FastAPI(
        title="Tenantry workspace",
        openapi_url=None,
        routes=list(health),
        middleware=[Middleware(SecurityHeaders, secure=cookie_secure), Middleware(BodyLimit, limit=MAX_BODY_BYTES)],
    )
    app.state.workspace = Workspace(engine, dispatch, directory, sync, recognise, cookie_secure, sends_mail)
    app.state.pictures = pictures
    app.mount("/static", StaticFiles(directory=str(STATIC)))
    add_error_pages(app)
    for pages in PAGES:
        app.include_router(pages.router)
    return app


async def workspace(config: settings.WorkspaceSettings, listener: socket.socket) -> None:
    """Serves the pages of admins and employees."""
    engine = create_engine(
        config.database_url, name="tracking-workspace", statement_timeout=PAGE_STATEMENT_TIMEOUT_SECONDS
    )
    dispatch = create_engine(
        config.dispatch_database_url,
        name="tracking-workspace-dispatch",
        pool_size=2,
        statement_timeout=PAGE_STATEMENT_TIMEOUT_SECONDS,
    )
    bus = Bus(config.nats_url, name="tracking-workspace")
    directory = AccessDirectory(Peppers(*config.peppers()))
    sync = AccessSync(
        directory, TenancyClient(config.tenancy_address, config), BillingClient(config.billing_address, config)
    )
    health = health_routes({"database": partial(ping, engine), "tenancy and billing": sync.check_confirmed})
    pictures = PictureStore(config.pictures_url)
    app = workspace_app(
        engine,
        dispatch,
        directory,
        sync,
        health=health,
        pictures=pictures,
        cookie_secure=config.cookie_secure,
        sends_mail=bool(config.mail_url),
    )
    await run_tasks(
        serve(trust_proxies(app, config.proxies), listener),
        sync.run(),
        bus.run(*((subject, sync.nudge) for subject in CHANGES)),
        *_mailing(config, engine, dispatch),
        drain_seconds=config.drain_seconds,
    )


def _mailing(
    config: settings.WorkspaceSettings, engine: AsyncEngine, dispatch: AsyncEngine
) -> list[Coroutine[None, None, None]]:
    """The tasks that answer requests for reset links and deliver mails; none if mail is not configured."""
    if not config.mail_url:
        return []
    sender = open_sender(config.mail_url, from_address=config.mail_from, setting="TRACKING_MAIL_URL")
    outside = partial(company_scope, engine, NO_COMPANY)

    async def answer() -> bool:
        return await answer_requests(engine, dispatch, workspace_url=config.workspace_url)

    async def hand_over() -> bool:
        return await send_mail(outside, sender=sender)

    return [repeat("answer password resets", answer, idle=1), repeat("send mail", hand_over, idle=2)]
