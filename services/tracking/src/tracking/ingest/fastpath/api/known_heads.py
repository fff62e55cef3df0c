"""Heads of uploads that the parser has read before, for the same bytes say the same again.

A company's trackers send heads that differ in the length of the body alone, and reading one costs as much as reading
a row.
"""

from collections import OrderedDict

CAPACITY = 20_000
LONGEST = 1024  # bytes of a head; a tracker's has some 250

_LENGTH, _LINE, _END = b"\r\nContent-Length: ", b"\r\n", b"\r\n\r\n"

Head = tuple[bytes, bytes]  # what comes before the body's length, and after it


class KnownHeads:
    """The company keys of heads, by what they say besides the length."""

    def __init__(self) -> None:
        self._keys: OrderedDict[Head, bytes] = OrderedDict()

    def split(self, data: bytes) -> tuple[bytes, bytes] | None:
        """Company key and body of a whole upload and nothing more; None where only the parser knows.

        `data` must begin where the parser would expect a request to begin.
        """
        head, body = _cut(data)
        key = self._keys.get(head)
        return None if key is None or body is None else (key, body)

    def note(self, data: bytes, company_key: bytes, length: int) -> None:
        """The parser has found in `data` one upload, with a body of that length, and nothing before or after it."""
        head, body = _cut(data)
        if body is None or len(body) != length or len(data) - length > LONGEST:
            return
        if len(self._keys) >= CAPACITY:
            self._keys.popitem(last=False)
        self._keys[head] = company_key


def _cut(data: bytes) -> tuple[Head, bytes | None]:
    """A head without the length that it says, and the body, if it has this length."""
    head, _, body = data.partition(_END)
    before, _, rest = head.partition(_LENGTH)
    digits, _, after = rest.partition(_LINE)
    return (before, after), body if digits == b"%d" % len(body) else None
