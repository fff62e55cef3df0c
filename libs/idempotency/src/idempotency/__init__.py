"""Idempotency keys: a repeated request has no further effect and gets the first response.

A key has one effect for good. Its response can be repeated for 24 hours; afterwards the key is refused.
"""

from idempotency.keys import TABLE, AlreadyAnswered, KeyedRequest, clear_responses, once
from idempotency.messages import fingerprint, respond_once

__all__ = ["TABLE", "AlreadyAnswered", "KeyedRequest", "clear_responses", "fingerprint", "once", "respond_once"]
