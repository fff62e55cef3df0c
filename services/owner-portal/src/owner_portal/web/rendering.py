"""Renders templates. All output is escaped; an undefined name is an error."""

import math
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from owner_portal.freshness.rules import DataGap
from owner_portal.web import cells, charts, elements, formats
from owner_portal.web.notices import age_notice, notice
from owner_portal.web.portal import portal_of
from owner_portal.web.static import static_url
from servicekit.errors import AppError
from text_rules.isolation import bdi, isolated

PACKAGE = Path(str(files("owner_portal")))


def _loader() -> PrefixLoader:
    """Templates by feature: alerts/alerts.html is in alerts/templates."""
    folders = {path.parent.name: path for path in PACKAGE.glob("*/templates")}
    return PrefixLoader({feature: FileSystemLoader(folder) for feature, folder in folders.items()})


def _environment() -> Environment:
    environment = Environment(
        loader=_loader(),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
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
    environment.filters |= {"bdi": bdi, "isolated": isolated}
    for element in (
        elements.cell,
        elements.fill,
        elements.n,
        elements.size,
        elements.minutes,
        elements.percent,
        elements.money,
        elements.day,
        elements.moment,
        elements.age,
        elements.icon,
    ):
        environment.globals[element.__name__] = element
    environment.globals |= {
        "static_url": static_url,
        "bar": cells.bar,
        "spark_points": charts.spark,
        "notice": _notice,
        "age_notice": age_notice,
    }
    return environment


def fragment(template: str, **context: Any) -> Markup:
    """A part of a page."""
    return Markup(_templates.get_template(template).render(context))  # noqa: S704 - the template has escaped it


def _notice(gap: DataGap) -> str:
    return notice(gap, datetime.now(UTC))


_templates = _environment()


def render(request: Request, template: str, status_code: int = 200, **context: Any) -> HTMLResponse:
    """One page. `owner` is the signed-in owner, None on public pages; `open_alerts` is the number beside the bell."""
    shown = {
        "gaps": (),
        "owner": getattr(request.state, "owner", None),
        "open_alerts": portal_of(request).open_alerts(),
        "path": request.url.path,
    } | context
    return HTMLResponse(_templates.get_template(template).render(shown), status_code)


def says_when(reply: Response, error: AppError) -> Response:
    """The reply, with Retry-After if the error has a delay."""
    if error.retry_after is not None:
        reply.headers["retry-after"] = str(max(1, math.ceil(error.retry_after)))
    return reply
