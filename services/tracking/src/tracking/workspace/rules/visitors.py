"""Roles of a company's people, and who is signed in to the workspace."""

from dataclasses import dataclass, field
from uuid import UUID

ADMIN, EMPLOYEE = "ADMIN", "EMPLOYEE"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is looking at a page, and how the company wants its pages; None: as they come."""

    employee_id: UUID
    name: str
    role: str
    csrf_token: str
    workspace_name: str | None
    brand_colour: str | None


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the cookie holds: the company says in whose rows to look, the token opens."""

    company_id: UUID
    token: str = field(repr=False)
