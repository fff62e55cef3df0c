"""Makes a submission take effect once."""

import hmac
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from servicekit.errors import Conflict
from tracking.workspace import store as form_submissions
from tracking.workspace.rules.submissions import Submission

SENT_BEFORE = (
    "This form was already submitted with different values. Check what was saved; to add these too, send it again"
)


async def earlier_result(
    tx: AsyncConnection, company_id: UUID, submission: Submission | None, result: str = ""
) -> str | None:
    """None: it is new, and the caller continues in this transaction; otherwise the first result.

    Conflict: the key was used with other content or by somebody else. Without a submission nothing is stored.
    """
    if submission is None or await form_submissions.insert(tx, company_id, submission, result):
        return None
    found = await form_submissions.find(tx, submission)
    if found is None:  # it expired just now
        raise Conflict(SENT_BEFORE)
    sender, content_digest, earlier = found
    if sender != submission.by or not hmac.compare_digest(content_digest, submission.content_digest):
        raise Conflict(SENT_BEFORE)
    return earlier
