"""Notices about stale or missing parts of a page. The page's script looks for `data-away` and asks again."""

from datetime import datetime
from typing import Any

from markupsafe import Markup

from owner_portal.freshness.rules import CachedAnswer, DataGap
from owner_portal.web import elements, formats

_OLD = Markup(
    '<div class="alert alert-warning" role="status" data-away><div>{problem} What you see of it is as of {moment} '
    "({age}). This page updates automatically.</div></div>"
)

_MISSING = Markup(
    '<div class="alert alert-warning" role="status" data-away><div>{problem} '
    "This part of the page is missing until then. It appears automatically.</div></div>"
)


def age_notice(remembered: CachedAnswer[Any]) -> Markup:
    """Empty when it is fresh; otherwise names the service and the age of the data shown."""
    if remembered.fresh:
        return Markup()
    if remembered.as_of is None:
        return _MISSING.format(problem=remembered.problem)
    moment, age = elements.moment(remembered.as_of), elements.age(remembered.as_of)
    return _OLD.format(problem=remembered.problem, moment=moment, age=age)


def notice(gap: DataGap, now: datetime) -> str:
    """The notice about stale data, or about a rebuild in progress."""
    if gap.percent is not None:
        return f"The totals are being rebuilt, {gap.percent} % done. Until then the previous totals are shown."
    if gap.since is None:
        return f"{gap.service} has not responded yet: {gap.shows} are missing."
    since = f"{formats.moment(gap.since)} ({formats.ago(gap.since, now)})"
    return f"{gap.service} does not respond: {gap.shows} are as of {since}."
