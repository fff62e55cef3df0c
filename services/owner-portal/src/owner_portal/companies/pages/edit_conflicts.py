"""Optimistic lock for two owners who edit the same company: the second one sees what changed and overwrites nothing.

A form carries the values that were saved when it was opened. Scripts name what they change and need not send them.
"""

import json
from collections.abc import Mapping

from owner_portal.audit.client import TenancyAudit
from owner_portal.audit.rules.trails import TrailQuestion
from owner_portal.directory.pages.actions import ActionRequest
from servicekit.errors import AppError, Conflict

SEEN = "seen"


def write_seen(saved: Mapping[str, str]) -> str:
    """The saved values, as the form carries them."""
    return json.dumps(dict(sorted(saved.items())), ensure_ascii=False)


async def check_unchanged(requested: ActionRequest, saved: Mapping[str, str], *, audited_as: str) -> None:
    """Conflict: the values have changed since the form was opened. `audited_as`: the action in the audit trail."""
    seen = _read(requested.typed.get(SEEN, ""))
    changed = {name: value for name, value in saved.items() if seen is not None and seen.get(name, value) != value}
    if changed:
        what = "; ".join(f"{name.replace('_', ' ')}: {value or '(empty)'}" for name, value in changed.items())
        who = await _last_editor(requested, audited_as)
        raise Conflict(f"Changed in the meantime by {who}. Current values: {what}. Check your form and save it again.")


def _read(text: str) -> Mapping[str, str] | None:
    try:
        seen = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return {}
    return seen if isinstance(seen, dict) or seen is None else {}


async def _last_editor(requested: ActionRequest, action: str) -> str:
    question = TrailQuestion(company_id=requested.company_id, action=action)
    try:
        entries = await requested.portal.get(TenancyAudit).entries(question, before=None, limit=1)
    except AppError:  # the conflict is reported even without the name
        entries = []
    return f"{entries[0].actor} on {entries[0].at:%d %b %Y at %H:%M} UTC" if entries else "another owner"
