"""Types and functions that the forms and addresses of several pages share."""

from datetime import date
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import Form, Path, Query, Request
from pydantic import BaseModel, Field

from servicekit.errors import AppError, InvalidInput
from tracking.workspace.rules.editing import Stale
from tracking.workspace.rules.paging import MAX_POSITION_LENGTH
from tracking.workspace.rules.submissions import Submission

Whole = Annotated[int, Field(gt=0, lt=2**63)]
Number = Annotated[Whole, Path()]
Line = Annotated[str, Field(max_length=512)]
After = Annotated[str, Query(max_length=MAX_POSITION_LENGTH)]
"""Where a page of a list begins; empty: at the newest."""
FormLine = Annotated[Line, Form()]
Version = Annotated[int, Field(ge=0, lt=2**31)]
IdempotencyKey = Annotated[str, Field(max_length=100)]
"""The idempotency key of a form. Empty: the form was not sent from a page."""


def is_own_path(target: str) -> bool:
    """Whether an address is a path of this workspace that no browser reads as another site's address."""
    return (
        target.startswith("/")
        and not target.startswith("//")
        and "\\" not in target
        and target.isascii()
        and target.isprintable()
    )


def safe_next(target: str) -> str:
    """The page to continue with after sign-in: always one of the workspace."""
    page = target.partition("?")[0]
    return target if is_own_path(target) and page not in {"/login", "/logout", "/held", "/brand.css"} else "/"


def submission(request: Request, once: str, by: UUID, fields: BaseModel) -> Submission | None:
    """The form as a submission that takes effect once; None if it has no key."""
    texts = {name: str(value) for name, value in fields.model_dump(exclude={"once"}).items()}
    return Submission(once, by, request.url.path, texts) if once else None


class _Versioned(Protocol):
    version: int


def version_for(error: AppError | None, typed: _Versioned | None, current: int) -> int:
    """The version that a form carries: after a conflict, the one that its sender was shown."""
    if isinstance(error, Stale):
        return error.version
    return typed.version if typed else current


def date_of(text: str, field: str) -> date | None:
    """The day of the date `field`; None if it is empty. InvalidInput: it is no day."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput("a date must be written like 2026-01-31", field=field) from None
