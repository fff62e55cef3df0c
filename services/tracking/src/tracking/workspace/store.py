"""Submissions that took effect, by their idempotency keys; kept for a day."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.workspace.rules.submissions import Submission

_SWEEP = text("""
    DELETE FROM form_submission WHERE key_digest IN (
        SELECT key_digest FROM form_submission WHERE sent_at <= now() - interval '1 day' FOR UPDATE SKIP LOCKED
    )
""")

# A concurrent submission with the same key waits until the first has committed.
_INSERT = text("""
    INSERT INTO form_submission (company_id, key_digest, employee_id, content_digest, result)
    VALUES (:company_id, :key_digest, :employee_id, :content_digest, :result)
    ON CONFLICT (company_id, key_digest) DO NOTHING RETURNING 1
""")

_FIND = text("""
    SELECT employee_id, content_digest, result FROM form_submission WHERE key_digest = :key_digest
""")


async def insert(tx: AsyncConnection, company_id: UUID, submission: Submission, result: str) -> bool:
    """Stores a submission of the company and its result; False if its key was used before."""
    await tx.execute(_SWEEP)
    values = {
        "company_id": company_id,
        "key_digest": submission.key_digest,
        "employee_id": submission.by,
        "content_digest": submission.content_digest,
        "result": result,
    }
    return (await tx.execute(_INSERT, values)).one_or_none() is not None


async def find(tx: AsyncConnection, submission: Submission) -> tuple[UUID, bytes, str] | None:
    """Who sent the submission with that key, the digest of its content, and its result."""
    row = (await tx.execute(_FIND, {"key_digest": submission.key_digest})).one_or_none()
    return (row.employee_id, bytes(row.content_digest), row.result) if row else None
