"""The web application: routes, static files, error pages, and what surrounds them all."""

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from owner_portal.alerts import pages as alerts
from owner_portal.audit.pages import audit_log
from owner_portal.companies.pages import audit as company_audit
from owner_portal.companies.pages import creation
from owner_portal.companies.pages import details as company_details
from owner_portal.companies.pages import keys as company_keys
from owner_portal.companies.pages import overview as company
from owner_portal.companies.pages import policy as company_policy
from owner_portal.companies.pages import states as company_states
from owner_portal.dashboard.pages import dashboard, events
from owner_portal.owners.pages import account, held, invitations, login, owners, second_factor, step_up
from owner_portal.plans.pages import retention
from owner_portal.reports.pages import reports
from owner_portal.subscriptions.pages import billing as company_billing
from owner_portal.subscriptions.pages import lifecycle as company_subscription
from owner_portal.subscriptions.pages import payments as company_payments
from owner_portal.subscriptions.pages import plan_changes as company_plan
from owner_portal.subscriptions.pages import reversals as company_reversals
from owner_portal.web.errors import add_error_handlers
from owner_portal.web.portal import Portal
from owner_portal.web.static import Static
from servicekit.database import ping
from servicekit.http_headers import SecurityHeaders
from servicekit.http_proxies import behind
from servicekit.http_server import BodyLimit, health_routes

SMALL = 4096  # bytes that travel in one piece anyway, compressed or not
LARGEST_BODY = 64 * 1024
LARGEST_FORM = 320 * 1024  # with files: a logo and its form


def create_app(portal: Portal) -> ASGIApp:
    """The application over these dependencies. Ready means that the database answers: pages need nothing else.

    The headers go round all of it: an answer to a mistake of the portal's own has them too.
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
            Middleware(behind, proxies=portal.security.trusted_proxies),
            Middleware(BodyLimit, limit=LARGEST_BODY, files=LARGEST_FORM),
            Middleware(GZipMiddleware, minimum_size=SMALL, compresslevel=1),
        ],
    )
    app.state.portal = portal
    for module in (
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
        held,
    ):
        app.include_router(module.router)
    app.mount("/static", Static())
    add_error_handlers(app)
    return app
