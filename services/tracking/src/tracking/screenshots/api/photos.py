"""Finds the picture in the body of a large screenshot without decoding the body, and decodes it in slices.

A C function that processes megabytes holds the interpreter for tens of milliseconds, and so blocks every other call.
"""

import binascii
import re
from collections.abc import Sequence
from typing import Any

from servicekit.errors import InvalidInput
from tracking.protocols.desktop import read_object
from tracking.protocols.large_bodies import SMALL_BODY, START

SLICE = 512 * 1024  # bytes of base64, decoded in about half a millisecond
_PHOTO = re.compile(rb'"photo"\s*:\s*"')
_BLANK = b" \t\r\n"


def split_photo(pieces: Sequence[bytes]) -> tuple[dict[str, Any], memoryview]:
    """The fields of the body with an empty photo, and the photo as base64. InvalidInput: it cannot be located."""
    body = b"".join(pieces)
    if found := _PHOTO.search(body, 0, START):
        start, end = found.end(), body.find(b'"', found.end())
        if end >= start and start + len(body) - end <= SMALL_BODY:
            return read_object(body[:start] + body[end:]), memoryview(body)[start:end]
    raise InvalidInput("a large screenshot must have its photo among the first fields, and little else", field="photo")


def decode_in_slices(photo: memoryview) -> bytes:
    """The decoded base64 text, with or without a `data:` prefix; empty if it is invalid."""
    prefix, found, _ = bytes(photo[:128]).partition(b",")
    if found and prefix.startswith(b"data:"):
        photo = photo[len(prefix) + 1 :]
    decoded = []
    left = b""
    try:
        for start in range(0, len(photo), SLICE):
            text = left + bytes(photo[start : start + SLICE])
            escape = text[-1:] if text.endswith(b"\\") else b""  # of a character in the next slice
            text = text[: len(text) - len(escape)].replace(b"\\/", b"/").translate(None, _BLANK)
            whole = len(text) - len(text) % 4
            decoded.append(binascii.a2b_base64(text[:whole]))
            left = text[whole:] + escape
        decoded.append(binascii.a2b_base64(left))
    except binascii.Error:
        return b""
    return b"".join(decoded)
