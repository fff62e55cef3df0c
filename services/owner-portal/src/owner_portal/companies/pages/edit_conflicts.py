"""Two owners edit the same company: the second is told who was first and what changed, and overwrites nothing.

A form holds what was saved when it was opened. Scripts, which say what they change, need not send it.
"""

import json
from collections.abc import Mapping

from owner_portal.audit.client import TenancyAudit
from owner_portal.audit.rules.trails import TrailQuestion
from owner_portal.directory.pages.actions import Asked
from servicekit.errors import AppError, Conflict

SEEN = "seen"


def write_seen(saved: Mapping[str, str]) -> str:
    """What the form holds of what is saved."""
    return json.dumps(dict(sorted(saved.items())), ensure_ascii=False)


async def check_unchanged(asked: Asked, saved: Mapping[str, str], *, audited_as: str) -> None:
    """Conflict: something else is saved than when the form was opened. `audited_as`: the action in the audit trail."""
    seen = _read(asked.typed.get(SEEN, ""))
    changed = {name: value for name, value in saved.items() if seen is not None and seen.get(name, value) != value}
    if changed:
        what = "; ".join(f"{name.replace('_', ' ')}: {value or '(empty)'}" for name, value in changed.items())
        who = await _last_editor(asked, audited_as)
        raise Conflict(f"Changed meanwhile by {who}. Saved now: {what}. Check your form and save it again.")


def _read(text: str) -> Mapping[str, str] | None:
    try:
        seen = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return {}
    return seen if isinstance(seen, dict) or seen is None else {}


async def _last_editor(asked: Asked, action: str) -> str:
    question = TrailQuestion(company_id=asked.company_id, action=action)
    try:
        entries = await asked.portal.get(TenancyAudit).entries(question, before=None, limit=1)
    except AppError:  # the refusal matters more than the name
        entries = []
    return f"{entries[0].actor} on {entries[0].at:%d %b %Y at %H:%M} UTC" if entries else "somebody else"
