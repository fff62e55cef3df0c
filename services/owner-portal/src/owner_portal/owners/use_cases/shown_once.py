"""Requests that create a secret take effect once: a repetition gets the same answer for a day until its page was shown,
and the page shows it once.
"""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from owner_portal.access.rules import SignedIn
from owner_portal.owners.store import sealed_answers
from owner_portal.owners.use_cases.secret_box import SecretBox
from servicekit.errors import Conflict, NotFound
from servicekit.ids import new_id

KEPT_FOR = timedelta(days=1)
SHOWN_FOR = timedelta(minutes=15)
OTHER_CONTENT = "This form was already submitted with different values. Reload its page and fill it in again."
SEEN = "The result of this request has already been shown and cannot be shown again."

Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SealedAnswer:
    """The texts of an answer, and the id under which its page shows them once."""

    answer_id: UUID
    texts: Texts = field(repr=False)


async def answer_once(
    engine: AsyncEngine,
    *,
    signed_in: SignedIn,
    key: str,
    content: Texts,
    box: SecretBox,
    make: Callable[[AsyncConnection], Awaitable[Texts]],
) -> SealedAnswer:
    """Runs `make` in a transaction, unless the same request was already answered.

    `key` is the request's, `content` what it holds. Conflict: the key was used with other content, or the answer was
    seen. What `make` raises leaves nothing behind.
    """
    answer_id = new_id()
    encoded = key.encode("utf-8", "replace")
    wanted = hmac.digest(encoded, json.dumps(sorted(content.items())).encode(), "sha256")
    async with engine.begin() as tx:
        earlier = await sealed_answers.save(
            tx,
            owner_id=signed_in.owner_id,
            session_id=signed_in.session_id,
            key_digest=hashlib.sha256(encoded).digest(),
            content_digest=wanted,
            answer_id=answer_id,
        )
        if earlier is None:
            texts = await make(tx)
            sealed = box.seal(json.dumps(dict(texts)).encode(), owner_id=signed_in.owner_id)
            await sealed_answers.seal(tx, answer_id, sealed)
            return SealedAnswer(answer_id, texts)
    if not hmac.compare_digest(earlier.content_digest, wanted):
        raise Conflict(OTHER_CONTENT)
    return SealedAnswer(earlier.answer_id, _open(box, earlier.sealed, signed_in, Conflict))


async def show_answer(engine: AsyncEngine, *, signed_in: SignedIn, answer_id: UUID, box: SecretBox) -> Texts:
    """The answer, once, for the session that asked. NotFound: it was already shown, or belongs to another session."""
    async with engine.begin() as tx:
        sealed = await sealed_answers.take(
            tx, answer_id, owner_id=signed_in.owner_id, session_id=signed_in.session_id, time=SHOWN_FOR
        )
    return _open(box, sealed, signed_in, NotFound)


def _open(box: SecretBox, sealed: bytes | None, signed_in: SignedIn, otherwise: type[Conflict | NotFound]) -> Texts:
    opened = box.open(bytes(sealed), owner_id=signed_in.owner_id) if sealed else None
    if opened is None:
        raise otherwise(SEEN)
    texts: Texts = json.loads(opened)
    return texts
