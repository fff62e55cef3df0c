"""Renders the workspace's templates. Output is escaped; an undefined name is an error."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.responses import HTMLResponse

from credentials.tokens import new_token
from servicekit.errors import AppError
from text_rules.isolation import bdi, isolated
from tracking.clock.rules.days import day_of
from tracking.workspace.pages.charts import chart, longest

_PACKAGE = files("tracking")
STATIC = _PACKAGE / "workspace" / "static"


_LABELS = {
    "email": "E-mail",
    "key": "Company key",
    "present": "Current password",
    "new": "New password",
    "target_hours": "Daily target",
    "designation": "Job title",
    "colour": "Color",
    "due_date": "Due",
    "first": "From",
    "last": "To",
}


def label_of(name: str) -> str:
    """The label of a field."""
    return _LABELS.get(name, name.replace("_", " ").capitalize())


def _hours(seconds: int) -> str:
    if 0 < seconds < 60:
        return "< 1 min"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def _span(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def _day(day: date) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(day, f"{day:%a} {day.day} {day:%b %Y}")


def _clock(moment: datetime | None, time_zone: str) -> Markup:
    if moment is None:
        return Markup('<span class="badge live">running</span>')
    local = moment.astimezone(ZoneInfo(time_zone))
    words = f"{local:%a} {local.day} {local:%b %Y, %H:%M}"
    offset = _offset(local)
    return Markup('<time datetime="{}">{}</time>').format(f"{local:%Y-%m-%d %H:%M}{offset.strip()}", words + offset)


def _time_of_day(moment: datetime, time_zone: str) -> str:
    local = moment.astimezone(ZoneInfo(time_zone))
    return f"{local:%H:%M}{_offset(local)}"


def _offset(local: datetime) -> str:
    """The offset, such as +01:00, if clocks are set back and the time of day occurs twice; else nothing."""
    comes_twice = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
    return f" {local.isoformat()[-6:]}" if comes_twice else ""


def _days_before(day: date, days: int) -> date:
    return day - timedelta(days=days)


def _today_in(time_zone: str) -> date:
    return day_of(datetime.now(UTC), time_zone)


@pass_context
def _about(page: Context, name: str, help_id: str = "") -> Markup:
    """The attributes of an input that say what describes it; whoever entered a refused value is led back to it."""
    is_wrong = name in page["mistakes"]
    ids = " ".join(each for each in (f"{name}-mistake" if is_wrong else "", help_id) if each)
    described = Markup(' aria-describedby="{}"').format(ids) if ids else Markup()
    return (Markup(' aria-invalid="true" autofocus') if is_wrong else Markup()) + described


@pass_context
def _mistake(page: Context, name: str) -> Markup:
    """What is wrong with an input; it stands below the input."""
    message = page["mistakes"].get(name)
    return Markup('<p class="mistake" id="{}-mistake">{}</p>').format(name, message) if message else Markup()


@cache
def _static_url(name: str) -> str:
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:16]
    return f"/static/{name}?v={digest}"


# Each feature has its own templates; their names are unique.
_FEATURES = sorted(folder.name for folder in _PACKAGE.iterdir() if (folder / "templates").is_dir())
_templates = Environment(
    loader=ChoiceLoader([PackageLoader(f"tracking.{feature}") for feature in _FEATURES]),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)
_templates.filters |= {
    "hours": _hours,
    "span": _span,
    "day": _day,
    "clock": _clock,
    "time_of_day": _time_of_day,
    "days_before": _days_before,
    "bdi": bdi,
    "isolated": isolated,
    "label": label_of,
}
_templates.globals |= {
    "about": _about,
    "mistake": _mistake,
    "static_url": _static_url,
    "today_in": _today_in,
    "chart": chart,
    "longest": longest,
    "form_key": new_token,
}


def render(
    template: str, *, status_code: int = 200, error: AppError | str | None = None, **context: Any
) -> HTMLResponse:
    """One page; `person` is the person who is signed in. The inputs that an `error` concerns show its message."""
    shown = {"error": error.message, "mistakes": error.by_field} if isinstance(error, AppError) else {"error": error}
    page = _templates.get_template(template).render({"person": None, "mistakes": {}} | shown | context)
    return HTMLResponse(page, status_code)
