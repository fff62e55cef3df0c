"""Access to pages: a session opens its company's pages, the role those of admins, the company's state any."""

import hmac
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import Forbidden, NotAuthenticated, Unavailable
from tracking.access.rules.directory import Access, AccessDirectory, Verdict
from tracking.access.worker import AccessSync
from tracking.workspace.rules.visitors import ADMIN, SignedIn, Ticket

Recognise = Callable[[AsyncEngine, Ticket, datetime], Awaitable[SignedIn]]
"""Returns the person whose session the ticket opens. NotAuthenticated: there is none."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The dependencies of the pages."""

    engine: AsyncEngine
    dispatch: AsyncEngine
    directory: AccessDirectory
    sync: AccessSync
    recognise: Recognise
    cookie_secure: bool
    sends_mail: bool = False

    @property
    def cookie(self) -> str:
        """The session cookie's name; with TLS one that no other host can set."""
        return "__Host-workspace" if self.cookie_secure else "workspace"

    @property
    def browser_cookie(self) -> str:
        """The name of the cookie that identifies a browser."""
        return f"{self.cookie}-browser"

    @property
    def choice_cookie(self) -> str:
        """The name of the cookie that lasts from the password until the choice of a company."""
        return f"{self.cookie}-choice"

    def admit(self, company_id: UUID) -> Access:
        """The company's access. Forbidden: suspended or expired. Unavailable: unknown at present."""
        access = self.directory.company(company_id, now=datetime.now(UTC), monotonic=time.monotonic())
        if access.verdict is Verdict.UNCONFIRMED:
            raise Unavailable(access.verdict.value, retry_after=2)
        if access.verdict is not Verdict.ALLOWED:
            raise Forbidden(access.verdict.value)
        return access

    def seats_of(self, company_id: UUID) -> "CompanySeats":
        """The company's seats, read when somebody takes one."""
        return CompanySeats(self, company_id)


@dataclass(frozen=True, slots=True)
class CompanySeats:
    """Reads the seats while the company is locked: the plan may change between a form's arrival and its effect."""

    workspace: Workspace
    company_id: UUID

    async def refresh(self) -> None:
        """Asks tenancy and billing for changes; if they do not respond, the copy is trusted as for any page."""
        await self.workspace.sync.refresh()

    def now(self) -> int:
        """The seats of the plan. Forbidden: suspended or expired meanwhile. Unavailable: unknown at present."""
        entitlement = self.workspace.admit(self.company_id).entitlement
        return entitlement.seats if entitlement else 0


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person who requests a page, and the company's access."""

    ticket: Ticket
    person: SignedIn
    access: Access

    @property
    def company_id(self) -> UUID:
        """The only company whose rows this visitor's pages can show."""
        return self.ticket.company_id

    @property
    def seats(self) -> int:
        """The number of active people the company may have; 0 while billing grants no entitlement."""
        return self.access.entitlement.seats if self.access.entitlement else 0


def get_workspace(request: Request) -> Workspace:
    """The application's dependencies."""
    workspace: Workspace = request.app.state.workspace
    return workspace


TheWorkspace = Annotated[Workspace, Depends(get_workspace)]


class StaleForm(Forbidden):
    """The form belongs to a session that has ended; `person` is the person who is signed in now."""

    def __init__(self, person: SignedIn) -> None:
        super().__init__("This form is out of date; reload the page and send it again")
        self.person = person


async def employee_or_admin(request: Request, workspace: TheWorkspace) -> Visitor:
    """Anyone with an account (IsEmployeeOrAdmin), in their own company alone (IsSameCompanyUser).

    A request that changes something must carry a form of the session. StaleForm: it does not.
    """
    visitor = await who_is_signed_in(request, workspace)
    if request.method not in ("GET", "HEAD"):
        await check_token(request, visitor.person)
    return visitor


async def who_is_signed_in(request: Request, workspace: Workspace) -> Visitor:
    """The same for requests that change nothing."""
    ticket = ticket_of(request, workspace)
    if ticket is None:
        raise NotAuthenticated("Please sign in")
    person = await workspace.recognise(workspace.engine, ticket, datetime.now(UTC))
    return Visitor(ticket, person, workspace.admit(ticket.company_id))


AnyVisitor = Annotated[Visitor, Depends(employee_or_admin)]


async def company_admin(visitor: AnyVisitor) -> Visitor:
    """The company's admins (IsCompanyAdmin)."""
    if visitor.person.role != ADMIN:
        raise Forbidden("Only admins of the company may see this page")
    return visitor


AdminVisitor = Annotated[Visitor, Depends(company_admin)]


def origin_of(request: Request) -> str:
    """The caller's address; behind a trusted proxy, the browser's."""
    return request.client.host if request.client else ""


def check_origin(request: Request) -> None:
    """Forbidden if the browser reports that another site's page sent the request."""
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden("This request came from another site's page")


def require_same_origin(request: Request) -> None:
    """Forbidden unless the browser reports that a page of the workspace sent the request."""
    check_origin(request)
    if not request.headers.get("origin") and request.headers.get("sec-fetch-site") != "same-origin":
        raise Forbidden("This request does not come from a page of the workspace")


def ticket_of(request: Request, workspace: Workspace) -> Ticket | None:
    """The content of the session's cookie, valid or not; None if there is none."""
    company, _, token = request.cookies.get(workspace.cookie, "").partition(".")
    try:
        return Ticket(UUID(hex=company), token)
    except ValueError:
        return None


async def check_token(request: Request, person: SignedIn) -> None:
    """Forbidden unless the form was made for this session."""
    check_origin(request)
    given = (await request.form()).get("csrf_token")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), person.csrf_token.encode()):
        raise StaleForm(person)
