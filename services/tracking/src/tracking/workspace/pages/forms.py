"""What forms and addresses of several pages have in common."""

from datetime import date
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import Form, Path, Query, Request
from pydantic import BaseModel, Field

from servicekit.errors import AppError, InvalidInput
from tracking.workspace.rules.editing import Stale
from tracking.workspace.rules.paging import LONGEST_POSITION
from tracking.workspace.rules.submissions import Submission

Whole = Annotated[int, Field(gt=0, lt=2**63)]
Number = Annotated[Whole, Path()]
Line = Annotated[str, Field(max_length=512)]
After = Annotated[str, Query(max_length=LONGEST_POSITION)]
"""Where a page of a list begins; empty: at the newest."""
FormLine = Annotated[Line, Form()]
Version = Annotated[int, Field(ge=0, lt=2**31)]
Once = Annotated[str, Field(max_length=100)]
"""The key that a form was given with its page: sent twice it takes effect once. Empty: no form of a page."""


def is_own_path(target: str) -> bool:
    """Whether an address is a path of this workspace, and nothing that a browser would read as another site's."""
    return (
        target.startswith("/")
        and not target.startswith("//")
        and "\\" not in target
        and target.isascii()
        and target.isprintable()
    )


def safe_next(target: str) -> str:
    """Where to go after signing in: a page of the workspace, whatever the address says."""
    page = target.partition("?")[0]
    return target if is_own_path(target) and page not in {"/login", "/logout", "/held", "/brand.css"} else "/"


def submission(request: Request, once: str, by: UUID, fields: BaseModel) -> Submission | None:
    """The form as something that takes effect once; None when its page gave it no key."""
    texts = {name: str(value) for name, value in fields.model_dump(exclude={"once"}).items()}
    return Submission(once, by, request.url.path, texts) if once else None


class _Versioned(Protocol):
    version: int


def version_for(error: AppError | None, typed: _Versioned | None, current: int) -> int:
    """The version that a form says it began with: after a conflict the one that its sender was told of."""
    if isinstance(error, Stale):
        return error.version
    return typed.version if typed else current


def date_of(text: str) -> date | None:
    """The day that a date field sends; None for an empty one. InvalidInput: it is no day."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput("a date must be written like 2026-01-31") from None
