"""Roles of a company's people, and the person who is signed in to the workspace."""

from dataclasses import dataclass, field
from uuid import UUID

ADMIN, EMPLOYEE = "ADMIN", "EMPLOYEE"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person who requests a page, and the company's branding; None: the default."""

    employee_id: UUID
    name: str
    role: str
    csrf_token: str
    workspace_name: str | None
    brand_colour: str | None


@dataclass(frozen=True, slots=True)
class Ticket:
    """The content of the session cookie: the company to look in, and the session's token."""

    company_id: UUID
    token: str = field(repr=False)
