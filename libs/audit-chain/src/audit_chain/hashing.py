"""What is hashed: the hash before and the content, written in the one form that all writers agree on."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

# One encoder for all: making one takes longer than using it.
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def seal(previous: bytes, content: Mapping[str, Any]) -> bytes:
    """SHA-256 over the previous entry's hash and the content as canonical JSON; 32 bytes.

    Moments must be written in one time zone by the caller, or the same moment has two hashes.
    """
    return hashlib.sha256(previous + _canonical(content).encode()).digest()
