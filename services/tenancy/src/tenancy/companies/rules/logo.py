"""Logos. Their type is derived from the content, never from what the uploader claims."""

import hashlib
import re
from dataclasses import dataclass
from typing import Self

from servicekit.errors import InvalidInput

MAX_BYTES = 256 * 1024

_MAGIC = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
}
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture; `media_type` is image/png, image/jpeg, image/gif or image/webp."""

    content: bytes
    media_type: str

    @property
    def digest(self) -> str:
        """SHA-256 of the content in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    @classmethod
    def checked(cls, content: bytes) -> Self:
        """InvalidInput when it is too large, or not a picture of a type that every browser shows."""
        if len(content) > MAX_BYTES:
            raise InvalidInput(f"content has {len(content)} bytes: a logo has at most {MAX_BYTES}", field="content")
        for media_type, magic in _MAGIC.items():
            if magic.match(content):
                return cls(content, media_type)
        if content.lstrip().removeprefix(_BOM).lstrip().startswith(b"<"):
            raise InvalidInput(
                "content looks like SVG or HTML, which can carry scripts: give PNG, JPEG, GIF or WebP", field="content"
            )
        raise InvalidInput("content is not a picture: give PNG, JPEG, GIF or WebP", field="content")
