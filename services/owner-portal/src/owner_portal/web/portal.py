"""What the routes work with; made once, in main."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.alerts.worker import AlertFeed
from owner_portal.companies.client.companies import Tenancy
from owner_portal.dashboard.use_cases.dashboards import Dashboards
from owner_portal.owners.use_cases.secret_box import SecretBox
from owner_portal.plans.client.billing import Billing
from owner_portal.web.live import Live


@dataclass(frozen=True, slots=True)
class Security:
    """How owners are let in.

    `step_up`: how long a proof of who it is holds. `trusted_proxies`: addresses or networks whose X-Forwarded-For and
    X-Forwarded-Proto are believed.
    """

    box: SecretBox
    totp_required: bool = False
    step_up: timedelta = timedelta(minutes=10)
    trusted_proxies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Portal:
    """The process's dependencies. There is none that leads to tracking."""

    engine: AsyncEngine
    tenancy: Tenancy
    billing: Billing
    live: Live
    dashboards: Dashboards
    alerts: AlertFeed
    security: Security
    public_url: str  # begins the links that leave the portal
    cookie_secure: bool
    sends_mail: bool = True  # false: no relay is set, so links are handed over by hand

    @property
    def browser_cookie(self) -> str:
        """Of the long-lived cookie by which a browser is known again when its owner signs in."""
        return f"{self.cookie_name}-browser"

    @property
    def cookie_name(self) -> str:
        """The prefix makes browsers refuse the cookie from anywhere but this host over TLS."""
        return "__Host-tenantry-owner" if self.cookie_secure else "tenantry-owner"


def portal_of(request: Request) -> Portal:
    """The portal this request came to."""
    portal: Portal = request.app.state.portal
    return portal


async def _portal(request: Request) -> Portal:  # a plain function would be called in a thread
    return portal_of(request)


ThePortal = Annotated[Portal, Depends(_portal)]
