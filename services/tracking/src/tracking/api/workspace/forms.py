"""What forms and addresses of several pages have in common."""

from datetime import date
from typing import Annotated

from fastapi import Form, Path
from pydantic import BaseModel, Field

from servicekit.errors import InvalidInput

Whole = Annotated[int, Field(gt=0, lt=2**63)]
Number = Annotated[Whole, Path()]
Line = Annotated[str, Field(max_length=512)]
FormLine = Annotated[Line, Form()]


class TaskForm(BaseModel):
    """What somebody is to do. The use case says what these take, so that what was typed can stay."""

    title: str
    description: str = ""
    due_date: str = ""


def date_of(text: str) -> date | None:
    """The day that a date field sends; None for an empty one. InvalidInput: it is no day."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput("a date must be written like 2026-01-31") from None
