"""Decompression of request bodies, up to a size limit."""

import sys
import zlib
from collections.abc import Callable, Mapping
from typing import Protocol

from servicekit.errors import InvalidInput, TooLarge
from tracking.protocols.problems import Problem

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_MAX_WINDOW_LOG = 23  # 8 MiB: the window that every zstd decoder must support, and the largest accepted here


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _gzip() -> _Decompressor:
    return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)


def _zstd() -> _Decompressor:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _MAX_WINDOW_LOG})


_DECOMPRESSORS: Mapping[str, Callable[[], _Decompressor]] = {"gzip": _gzip, "zstd": _zstd}


def expand(body: bytes, encoding: str, *, limit: int) -> bytes:
    """The body without its content encoding.

    TooLarge: more than `limit` bytes. InvalidInput: not in that encoding, truncated, or followed by other data.
    Problem: an encoding other than gzip and zstd.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in _DECOMPRESSORS:
        raise Problem(415, "unsupported_encoding", "send the body as it is, or with gzip or zstd")
    decompressor = _DECOMPRESSORS[encoding]()
    try:
        expanded = decompressor.decompress(body, limit + 1)
    except (zlib.error, zstd.ZstdError):
        raise InvalidInput(f"the body is no {encoding}; send it again whole") from None
    if len(expanded) > limit:
        raise TooLarge(f"a request to this path is limited to {limit} bytes, expanded")
    if not decompressor.eof or decompressor.unused_data:
        raise InvalidInput(f"the body is not exactly one {encoding} stream; send it again whole")
    return expanded
