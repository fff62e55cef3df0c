"""The hash of an entry: over the previous hash and the content in a canonical form."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

# Shared, because creating an encoder takes longer than using it.
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def link_hash(previous: bytes, content: Mapping[str, Any]) -> bytes:
    """Returns the SHA-256 over the previous hash and the content as canonical JSON; 32 bytes.

    The caller must write all times in one time zone, because equal times must have equal hashes.
    """
    return hashlib.sha256(previous + _canonical(content).encode()).digest()
