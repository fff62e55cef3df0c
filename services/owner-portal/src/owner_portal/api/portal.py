"""What the routes work with; made once, in main."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.clients.billing import Billing
from owner_portal.clients.tenancy import Tenancy
from owner_portal.feed.live import Live


@dataclass(frozen=True, slots=True)
class Portal:
    """The process's dependencies. There is none that leads to tracking."""

    engine: AsyncEngine
    tenancy: Tenancy
    billing: Billing
    live: Live
    cookie_secure: bool

    @property
    def cookie_name(self) -> str:
        """The prefix makes browsers refuse the cookie from anywhere but this host over TLS."""
        return "__Host-tenantry-owner" if self.cookie_secure else "tenantry-owner"


def portal_of(request: Request) -> Portal:
    """The portal this request came to."""
    portal: Portal = request.app.state.portal
    return portal


ThePortal = Annotated[Portal, Depends(portal_of)]
