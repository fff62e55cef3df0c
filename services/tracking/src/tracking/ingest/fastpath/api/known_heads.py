"""A cache of request heads that the parser has read: the same bytes have the same meaning.

The heads of a company's trackers differ only in the length of the body, and parsing one costs as much as reading a row.
"""

from collections import OrderedDict

CAPACITY = 20_000
MAX_HEAD_BYTES = 1024  # bytes of a head; a tracker's has some 250

_LENGTH, _LINE, _END = b"\r\nContent-Length: ", b"\r\n", b"\r\n\r\n"

Head = tuple[bytes, bytes]  # the bytes before the body's length, and those after it


class KnownHeads:
    """The company keys of known heads, by all bytes of the head except the length."""

    def __init__(self) -> None:
        self._keys: OrderedDict[Head, bytes] = OrderedDict()

    def split(self, data: bytes) -> tuple[bytes, bytes] | None:
        """The company key and body of `data` if it is exactly one upload with a known head; None otherwise.

        `data` must begin where the parser expects a request to begin.
        """
        head, body = _cut(data)
        key = self._keys.get(head)
        return None if key is None or body is None else (key, body)

    def note(self, data: bytes, company_key: bytes, length: int) -> None:
        """Records that the parser found in `data` exactly one upload with a body of that length."""
        head, body = _cut(data)
        if body is None or len(body) != length or len(data) - length > MAX_HEAD_BYTES:
            return
        if len(self._keys) >= CAPACITY:
            self._keys.popitem(last=False)
        self._keys[head] = company_key


def _cut(data: bytes) -> tuple[Head, bytes | None]:
    """The head without its length, and the body if it has that length."""
    head, _, body = data.partition(_END)
    before, _, rest = head.partition(_LENGTH)
    digits, _, after = rest.partition(_LINE)
    return (before, after), body if digits == b"%d" % len(body) else None
