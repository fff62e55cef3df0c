"""The workspace's templates. Whatever is printed is escaped; a name that is not there is an error, not a blank."""

import hashlib
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

STATIC = files("tracking") / "api" / "workspace" / "static"


def _hours(seconds: int) -> str:
    return f"{seconds // 3600} h {seconds // 60 % 60:02} min"


def _clock(moment: datetime | None, time_zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M}" if moment else "running"


@cache
def _static_url(name: str) -> str:
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:16]
    return f"/static/{name}?v={digest}"


_templates = Environment(
    loader=PackageLoader("tracking.api.workspace"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_templates.filters |= {"hours": _hours, "clock": _clock}
_templates.globals["static_url"] = _static_url


def render(template: str, *, status_code: int = 200, **context: Any) -> HTMLResponse:
    """One page; `person` is who is signed in."""
    return HTMLResponse(_templates.get_template(template).render({"person": None, "error": ""} | context), status_code)
