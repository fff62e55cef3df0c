"""The web application: pages for the browser, JSON for scripts, server-sent events for open pages.

A script asks with `Accept: application/json` and sends JSON or a form. It signs in first and keeps the cookie; the
token of the answer goes into the header `X-CSRF-Token` of every request that changes something.

    POST /owner/login/                      {"email", "password"}          200 {"csrf_token"} and the cookie
    POST /owner/login/code/                 {"challenge", "code"}          the same, see below
    POST /owner/logout/                                                    200 {}
    POST /owner/step-up/                    {"step_up_password", "step_up_code"?}   200 {}
    POST /owner/company/create/             {"name", "email", "plan_code", "contact_person"?, "phone"?, "address"?,
                                             "time_zone"?}                 201 {"company", "key"}

An account with a second factor answers the right password with 401, the kind code_required and a "challenge": that goes
to /owner/login/code/ within five minutes, with a code or a recovery code.

    GET  /owner/owners/                                                    200 {"owners", "invitations"}
    POST /owner/owners/invite/              {"email"}                      201 {"invitation", "link"}
    POST /owner/owners/invitations/<id>/withdraw/                          200 {}
    POST /owner/owners/<id>/deactivate/     {"reason"?}                    200 {}
    POST /owner/invitation/                 {"token"}, without a session   200 {"email", "expires_at"}
    POST /owner/invitation/                 {"token", "password"}          201 {"csrf_token"} and the cookie
    GET  /owner/account/                                                   200 {"email", "sessions", …}
    POST /owner/account/password/           {"present_password", "new_password"}    200 {"csrf_token"} and a new cookie
    POST /owner/account/sessions/<id>/revoke/                              200 {}
    POST /owner/account/sessions/revoke-others/                            200 {"ended"}
    POST /owner/account/second-factor/                                     200 {"secret", "uri"}
    POST /owner/account/second-factor/confirm/   {"code"}                  200 {"recovery_codes"}
    POST /owner/account/second-factor/recovery-codes/                      the same
    POST /owner/account/second-factor/remove/                              200 {}

    GET  /owner/alerts/?state=&kind=&page=                                 200 {"alerts", "matches", "counts", …}
    POST /owner/alerts/acknowledge/         {"alerts": "<company id>:<kind>,…"}    200 {"answered"}
    POST /owner/alerts/snooze/              {"alerts", "days": 1 7 30}     the same
    POST /owner/alerts/reopen/              {"alerts"}                     the same
    POST /owner/alerts/emails/              {"frequency": NEVER HOURLY DAILY}      200 {"frequency"}

    GET  /owner/reports/?days=&months=                                     200 {"companies", "plans", "revenue", …}
    GET  /owner/reports/<chart>.csv         the same range                 200 text/csv
    GET  /owner/reports/movements.csv?figure=                              200 text/csv, the rows behind a figure
    GET  /owner/audit-log/?who=&what=&company=&from=&to=&before=           200 {"entries", "before", "trails", …}
    GET  /owner/audit-log/export.csv        the same filters               200 text/csv
    POST /owner/audit-log/verify/                                          200 {"trails"}
    POST /owner/audit-log/forget/           {"chain", "reason"}            200 {}
    GET  /owner/retention-policy/                                          200 {"plans", "as_of"}
    GET  /owner/retention-policy/<code>/?days=                             200 {"would_change", "would_keep", …}
    POST /owner/retention-policy/<code>/    {"days", "reason", "move"?, "version"?}   200 {"plan", "moved", "kept"}

Below /owner/company/<id>/, each with "reason"?, or with "reason" where it is required:

    POST edit/                   the fields of create that are to change   200 {"company"}
    POST logo/edit/              multipart: logo, or {"remove": "true"}    200 {"company"}
    POST tracking-policy/        the whole policy, switches as "true"      200 {"policy"}
    POST suspend/                {"reason"}                                200 {"company"}
    POST reactivate/             {}                                        200 {"company"}
    POST close/                  {"reason", "confirm": the name}           200 {"company"}
    POST rotate-key/             {"grace"?: none 1h 24h 7d, "key_hint"?}   200 {"company", "key"}
    POST keys/<key id>/revoke/   {}                                        200 {"company", "keys_left"}
    POST change-plan/            {"plan_code", "plan_version"?,
                                  "timing"?: now period-end}               200 {"subscription", "lines", "scheduled"}
    POST scheduled-changes/<change id>/cancel/   {}                        200 {"scheduled"}
    POST renew/                  {}                                        200 {"subscription", "lines", "scheduled"}
    POST extend/                 {"days"}                                  the same
    POST cancel/                 {"reason", "when"?: now period-end}       the same
    POST mark-past-due/          {"reason"}                                the same
    POST record-payment/         {"amount": "99.50", "received_on"?,
                                  "reference"?, "confirm_credit"?: "true"} 200 {"payment", "subscription", "owed"}
    POST payments/<payment id>/reverse/   {"reason"}                       the same

Each page is also available to scripts as JSON by GET: the company's own, billing/, keys/, audit/,
tracking-policy/, change-plan/?plan_code=. A part from tenancy or billing is {"value", "as_of", "fresh",
"problem"}; one that is not fresh comes from the cache as of `as_of`.

With the header `Idempotency-Key` a request about a company may be repeated: it has one effect and the same response,
including a key.

`company` is {"id", "name", "email", "contact_person", "phone", "address", "time_zone", "state", "key_hint",
"created_at"}; `state` is ACTIVE, SUSPENDED or CLOSED. A `key_hint` that is not the present key's makes a rotation a
conflict: repeating one by accident replaces no second key. `confirm_credit` says that more than is owed is meant: it is
paid in advance. Errors are {"error": {"kind", "message"}} with the status of
the kind: invalid_input 400, not_authenticated 401, forbidden 403, not_found 404, conflict 409, refused 409, too_large
413, rate_limited 429, unavailable 503. Some have names of their own: step_up_required, a 403 that asks for
"step_up_password" (and "step_up_code") beside the fields; suspending, closing, rotating, revoking, changing a plan,
cancelling and reversing a payment, the list of owners, the second factor, the retention policy and forgetting a noted
audit entry need it when the owner has not signed in within the last minutes. Then second_factor_required, a 403 where
every owner has to set one up first.
"""

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

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
        saved_forms,
    ):
        app.include_router(module.router)
    app.mount("/static", Static())
    add_error_handlers(app)
    owner_errors.add_error_handlers(app)
    return app
