"""Responses to uploads as bytes."""

from collections.abc import Sequence
from http import HTTPStatus

from tracking.ingest.fastpath.api.ordinary_uploads import stored_body
from tracking.ingest.rules.upload_reader import Stored

Headers = Sequence[tuple[bytes, bytes]]

_STATUS_LINE = {int(status): f"HTTP/1.1 {status:d} {status.phrase}\r\n".encode() for status in HTTPStatus}


def response(code: int, headers: Headers, body: bytes, *, keep_alive: bool) -> bytes:
    """A complete response with a JSON body."""
    parts = [_STATUS_LINE[code], b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body)]
    parts += [b"%b: %b\r\n" % header for header in headers]
    if not keep_alive:
        parts.append(b"connection: close\r\n")
    return b"".join((*parts, b"\r\n", body))


class CachedResponses:
    """Cached responses: most are equal while the server's own headers are, which change once a second."""

    def __init__(self) -> None:
        self._server_headers: Headers = ()
        self._known: dict[tuple[Stored, bool], bytes] = {}

    def to(self, stored: Stored, server_headers: Headers, *, keep_alive: bool) -> bytes:
        """The response; `server_headers` is a new object whenever its content changes."""
        if server_headers is not self._server_headers:
            self._server_headers, self._known = server_headers, {}
        known = self._known.get((stored, keep_alive))
        if known is None:
            known = response(200, server_headers, stored_body(stored), keep_alive=keep_alive)
            self._known[stored, keep_alive] = known
        return known
