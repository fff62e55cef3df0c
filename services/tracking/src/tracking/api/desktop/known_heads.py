"""Heads of uploads that the parser has read before, for the same bytes say the same again.

A tracker's heads differ in nothing but the length of the body, and reading one costs as much as reading its rows.
"""

from typing import NamedTuple

CAPACITY = 20_000
LONGEST = 1024  # bytes of a head; a tracker's has some 250

_END = b"\r\n\r\n"


class _Head(NamedTuple):
    company_key: bytes
    length: int  # of the body, in bytes


class KnownHeads:
    """What the heads said that a gateway's connections had in common."""

    def __init__(self) -> None:
        self._known: dict[bytes, _Head] = {}

    def split(self, data: bytes) -> tuple[bytes, bytes] | None:
        """Company key and body of a whole upload and nothing more; None where only the parser knows.

        `data` must begin where the parser would expect a request to begin.
        """
        end = data.find(_END) + len(_END)
        head = self._known.get(data[:end])
        return (head.company_key, data[end:]) if head is not None and len(data) - end == head.length else None

    def note(self, data: bytes, company_key: bytes, length: int) -> None:
        """The parser has found in `data` one upload, with a body of that length, and nothing before or after it."""
        end = data.find(_END) + len(_END)
        if end > LONGEST or len(data) - end != length:  # else the body came in chunks, or something before the head
            return
        if len(self._known) >= CAPACITY:
            self._known.clear()
        self._known[data[:end]] = _Head(company_key, length)
