"""The web application: pages for the browser, JSON for scripts, server-sent events for open pages.

`/owner/openapi.json` describes what scripts can do; `tenantry-owner-portal describe` prints the same.
"""

from functools import cache
from typing import Any

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from owner_portal.access.pages import SignedInOwner
from owner_portal.alerts import pages as alerts
from owner_portal.alerts.worker import AlertFeed
from owner_portal.audit import pages as audit_log
from owner_portal.audit.client import BillingAudit, TenancyAudit
from owner_portal.clients.channels import Channel
from owner_portal.companies.client import CompanyClient, CompanySettingsClient, KeyClient
from owner_portal.companies.pages import audit as company_audit
from owner_portal.companies.pages import creation
from owner_portal.companies.pages import details as company_details
from owner_portal.companies.pages import keys as company_keys
from owner_portal.companies.pages import overview as company
from owner_portal.companies.pages import policy as company_policy
from owner_portal.companies.pages import states as company_states
from owner_portal.dashboard.pages import dashboard, events
from owner_portal.dashboard.use_cases import Dashboards
from owner_portal.directory.client import CompanyChanges, SubscriptionChanges
from owner_portal.owners.pages import account, invitations, login, owners, saved_forms, second_factor, step_up
from owner_portal.owners.pages import errors as owner_errors
from owner_portal.owners.pages.guard import GUARD, Security
from owner_portal.plans import pages as retention
from owner_portal.plans.client import PlanClient
from owner_portal.reports.client import RevenueClient
from owner_portal.reports.pages import reports
from owner_portal.subscriptions.client.invoices import InvoiceClient
from owner_portal.subscriptions.client.subscriptions import SubscriptionClient
from owner_portal.subscriptions.pages import billing as company_billing
from owner_portal.subscriptions.pages import lifecycle as company_subscription
from owner_portal.subscriptions.pages import payments as company_payments
from owner_portal.subscriptions.pages import plan_changes as company_plan
from owner_portal.subscriptions.pages import reversals as company_reversals
from owner_portal.web import openapi
from owner_portal.web.errors import add_error_handlers
from owner_portal.web.live import Live
from owner_portal.web.portal import Portal
from owner_portal.web.static import Static
from servicekit.database import ping
from servicekit.http_headers import SecurityHeaders
from servicekit.http_proxies import trust_proxies
from servicekit.http_server import BodyLimit, health_routes

SMALL = 4096  # bytes; smaller responses are not compressed
MAX_BODY_BYTES = 64 * 1024
MAX_FORM_BYTES = 320 * 1024  # with files: a logo and its form


def assemble(
    engine: AsyncEngine,
    *,
    tenancy: Channel,
    billing: Channel,
    live: Live,
    dashboards: Dashboards,
    alerts: AlertFeed,
    security: Security,
    public_url: str,
    cookie_secure: bool,
    sends_mail: bool = True,
    trusted_proxies: tuple[str, ...] = (),
) -> Portal:
    """The dependencies of the pages, with the clients of all features over these channels."""
    parts = [
        *(CompanyClient(tenancy), CompanySettingsClient(tenancy), KeyClient(tenancy)),
        *(CompanyChanges(tenancy), TenancyAudit(tenancy)),
        *(PlanClient(billing), SubscriptionClient(billing), InvoiceClient(billing), RevenueClient(billing)),
        *(SubscriptionChanges(billing), BillingAudit(billing)),
        *(dashboards, alerts, security, GUARD),
    ]
    return Portal(
        engine,
        live,
        public_url,
        cookie_secure,
        sends_mail=sends_mail,
        trusted_proxies=trusted_proxies,
        open_alerts=lambda: alerts.open,
        forget=dashboards.forget,
        parts={type(part): part for part in parts},
    )


_PAGES = (
    login,
    dashboard,
    alerts,
    events,
    creation,
    company,
    company_audit,
    company_billing,
    company_details,
    company_keys,
    company_payments,
    company_plan,
    company_policy,
    company_reversals,
    company_states,
    company_subscription,
    invitations,
    step_up,
    owners,
    account,
    second_factor,
    reports,
    audit_log,
    retention,
    saved_forms,
)


def create_app(portal: Portal) -> ASGIApp:
    """The application over these dependencies. It is ready when the database responds.

    The security headers wrap everything, also responses to internal errors.
    """
    return SecurityHeaders(_routes(portal), secure=portal.cookie_secure)


def _routes(portal: Portal) -> FastAPI:
    async def database() -> None:
        await ping(portal.engine)

    app = FastAPI(
        title="Tenantry owner portal",
        openapi_url=None,
        redirect_slashes=True,
        routes=[*health_routes({"database": database})],
        middleware=[
            Middleware(trust_proxies, proxies=portal.trusted_proxies),
            Middleware(BodyLimit, limit=MAX_BODY_BYTES, files=MAX_FORM_BYTES),
            Middleware(GZipMiddleware, minimum_size=SMALL, compresslevel=1),
        ],
    )
    app.state.portal = portal
    _include_pages(app)
    app.mount("/static", Static())
    add_error_handlers(app)
    owner_errors.add_error_handlers(app)
    return app


def description() -> dict[str, Any]:
    """The OpenAPI description of what scripts can do."""
    app = FastAPI(openapi_url=None)
    _include_pages(app)
    return openapi.describe(app)


def _include_pages(app: FastAPI) -> None:
    for module in _PAGES:
        app.include_router(module.router)

    @app.get(openapi.PATH, include_in_schema=False)
    async def describe(_owner: SignedInOwner) -> Response:
        """For owners alone: it lists every action on a company."""
        return JSONResponse(_described())


@cache
def _described() -> dict[str, Any]:
    return description()
