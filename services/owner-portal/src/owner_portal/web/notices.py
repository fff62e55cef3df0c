"""What a page says about parts that are not as of now. The page's script looks for `data-away` and asks again."""

from datetime import datetime
from typing import Any

from markupsafe import Markup

from owner_portal.freshness.rules import Gap, Remembered
from owner_portal.web import elements, formats

_OLD = Markup(
    '<div class="alert alert-warning" role="status" data-away><div>{problem} What you see of it is as of {moment} '
    "({age}). It comes up to date by itself.</div></div>"
)

_MISSING = Markup(
    '<div class="alert alert-warning" role="status" data-away><div>{problem} '
    "This part of the page is missing until it does. It appears by itself.</div></div>"
)


def age_notice(remembered: Remembered[Any]) -> Markup:
    """Nothing when it is fresh; else who does not answer, and how old what is shown is."""
    if remembered.fresh:
        return Markup()
    if remembered.as_of is None:
        return _MISSING.format(problem=remembered.problem)
    moment, age = elements.moment(remembered.as_of), elements.age(remembered.as_of)
    return _OLD.format(problem=remembered.problem, moment=moment, age=age)


def notice(gap: Gap, now: datetime) -> str:
    """What the owner is told about what is not as of now."""
    if gap.percent is not None:
        return f"The numbers are being put together anew, {gap.percent} % so far. Until then you see the old ones."
    if gap.since is None:
        return f"{gap.service} has not answered yet: {gap.shows} are missing."
    since = f"{formats.moment(gap.since)} ({formats.ago(gap.since, now)})"
    return f"{gap.service} does not answer: {gap.shows} are as of {since}."
