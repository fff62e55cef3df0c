"""A form that creates something is given a key with its page: sent twice it takes effect once."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Submission:
    """A form as it was sent: `key` is that of its page, `by` who sent it."""

    key: str
    by: UUID
    path: str
    fields: Mapping[str, str]

    @property
    def key_digest(self) -> bytes:
        """By which it is found again."""
        return hashlib.sha256(self.key.encode("utf-8", "replace")).digest()

    @property
    def content_digest(self) -> bytes:
        """Of what the form holds, keyed with the key, which is not kept: passwords cannot be guessed from it."""
        content = json.dumps([self.path, sorted(self.fields.items())]).encode()
        return hmac.digest(self.key.encode("utf-8", "replace"), content, "sha256")
