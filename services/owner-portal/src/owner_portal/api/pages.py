"""Pages from templates. Whatever is printed is escaped; a name that is not there is an error, not a blank."""

import hashlib
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from owner_portal.api import cells, formats
from owner_portal.domain.companies import Status

STATIC = files("owner_portal") / "static"


@cache
def static_url(name: str) -> str:
    """A file's address with its content's digest: browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:16]
    return f"/static/{name}?v={digest}"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("owner_portal"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for function in (
        formats.number,
        formats.minutes,
        formats.size,
        formats.money,
        formats.day,
        formats.short_day,
        formats.moment,
        formats.ago,
    ):
        environment.filters[function.__name__] = function
    environment.globals |= {"static_url": static_url, "Status": Status, "bar": cells.bar, "notice": _notice}
    return environment


def _notice(gap: Any) -> str:
    return cells.notice(gap, datetime.now(UTC))


_templates = _environment()


def render(request: Request, template: str, status_code: int = 200, **context: Any) -> HTMLResponse:
    """One page. `owner` is who is signed in, None on pages for everyone."""
    owner = getattr(request.state, "owner", None)
    shown = {"gaps": (), "owner": owner, "path": request.url.path} | context
    return HTMLResponse(_templates.get_template(template).render(shown), status_code)
