"""What a file says it is, read without decoding a pixel: one whole PNG, JPEG or WebP, and nothing beside it."""

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tracking.imaging.unfit import BROKEN, FORMAT, MORE, SEVERAL, Unfit

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive; no screen makes the others
_UNUSUAL_FRAMES = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}
_END, _SCAN = 0xD9, 0xDA
_NEXT_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")  # in a scan, zeros escape data and D0 to D7 restart it
# What else a picture with such notes could be opened as: a page, a script, a document, a program, an archive.
_SECOND_FACE = re.compile(rb"<script|<html|<svg|<\?php|<!doctype|%PDF-|PK\x03\x04|Rar!\x1a|\x7fELF", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Header:
    """The format by Pillow's name and the size in pixels."""

    format: str
    width: int
    height: int


def read_header(data: bytes) -> Header:
    """What the file is. Unfit: no whole picture of a format that is taken, several of them, or something else too."""
    for start, read in _READERS.items():
        if data.startswith(start):
            try:
                return read(data)
            except IndexError:
                raise Unfit(BROKEN) from None
    raise Unfit(FORMAT)


def _read_png(data: bytes) -> Header:
    position, header, seen = len(_PNG), b"", b""
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        kind, body = data[position + 4 : position + 8], memoryview(data)[position + 8 : position + 8 + length]
        position += 12 + length
        checksum = int.from_bytes(data[position - 4 : position], "big")
        if len(data) < position or zlib.crc32(body, zlib.crc32(kind)) != checksum:
            raise Unfit(BROKEN)
        if not seen and (kind != b"IHDR" or length != 13):
            raise Unfit(BROKEN)
        if kind == b"IHDR":
            header = bytes(body)
        elif kind == b"acTL":
            raise Unfit(SEVERAL)
        elif kind not in (b"IDAT", b"IEND"):
            _check_note(kind + bytes(body))
        seen = kind
        if kind == b"IEND":
            break
    if seen != b"IEND":
        raise Unfit(BROKEN)
    _check_end(data, position)
    return Header("PNG", int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big"))


def _read_jpeg(data: bytes) -> Header:
    position, found = 2, None
    while True:
        if data[position] != 0xFF:
            raise Unfit(BROKEN)
        while data[position] == 0xFF:
            position += 1
        marker = data[position]
        position += 1
        if marker == _END:
            break
        length = data[position] << 8 | data[position + 1]
        body = data[position + 2 : position + length]
        position += length
        if marker in _UNUSUAL_FRAMES or (marker in _FRAMES and found):
            raise Unfit(BROKEN)
        if marker in _FRAMES:
            found = Header("JPEG", body[3] << 8 | body[4], body[1] << 8 | body[2])
        elif marker == _SCAN:
            following = _NEXT_MARKER.search(data, position)
            if not following:
                raise Unfit(BROKEN)
            position = following.start()
        elif marker == 0xFE or 0xE0 <= marker <= 0xEF:
            _check_note(body)
    if found is None:
        raise Unfit(BROKEN)
    _check_end(data, position)
    return found


def _read_webp(data: bytes) -> Header:
    if data[8:12] != b"WEBP":
        raise Unfit(FORMAT)
    end = 8 + int.from_bytes(data[4:8], "little")
    if len(data) < end:
        raise Unfit(BROKEN)
    _check_end(data, end)
    sizes = []
    for kind, body in _riff_chunks(data, end):
        if kind in (b"ANIM", b"ANMF"):
            raise Unfit(SEVERAL)
        if kind in _WEBP_SIZES:
            sizes.append(_WEBP_SIZES[kind](body))
        elif kind != b"ALPH":
            _check_note(bytes(body))
    if not sizes:
        raise Unfit(BROKEN)
    return Header("WEBP", max(width for width, _ in sizes), max(height for _, height in sizes))


def _riff_chunks(data: bytes, end: int) -> Iterator[tuple[bytes, bytes]]:
    position = 12
    while position < end:
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        body = data[position + 8 : position + 8 + length]
        if len(body) < length:
            raise Unfit(BROKEN)
        yield data[position : position + 4], body
        position += 8 + length + length % 2


def _extended_size(body: bytes) -> tuple[int, int]:
    return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")


def _lossy_size(body: bytes) -> tuple[int, int]:
    return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF


def _lossless_size(body: bytes) -> tuple[int, int]:
    bits = int.from_bytes(body[1:5], "little")
    return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)


_WEBP_SIZES: Mapping[bytes, Callable[[bytes], tuple[int, int]]] = {
    b"VP8X": _extended_size,
    b"VP8 ": _lossy_size,
    b"VP8L": _lossless_size,
}
_READERS: Mapping[bytes, Callable[[bytes], Header]] = {_PNG: _read_png, _JPEG: _read_jpeg, b"RIFF": _read_webp}


def _check_note(note: bytes) -> None:
    if _SECOND_FACE.search(note):
        raise Unfit(MORE)


def _check_end(data: bytes, end: int) -> None:
    if len(data) > end:
        raise Unfit(MORE)
