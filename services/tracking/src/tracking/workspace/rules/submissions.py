"""Submissions: a form that creates something carries an idempotency key, so that repetitions take effect once."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Submission:
    """A submitted form: `key` is its idempotency key, `by` the person who sent it."""

    key: str
    by: UUID
    path: str
    fields: Mapping[str, str]

    @property
    def key_digest(self) -> bytes:
        """The digest under which it is stored."""
        return hashlib.sha256(self.key.encode("utf-8", "replace")).digest()

    @property
    def content_digest(self) -> bytes:
        """A digest of the form's content, keyed with the idempotency key, which is not stored: passwords cannot be
        guessed from it.
        """
        content = json.dumps([self.path, sorted(self.fields.items())]).encode()
        return hmac.digest(self.key.encode("utf-8", "replace"), content, "sha256")
