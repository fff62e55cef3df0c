"""Reads a file's structure without decoding pixels: one complete PNG, JPEG or WebP, with nothing after it.

Only the parts that pixels are decoded from reach the decoder. Metadata (text, profiles, previews, animation) is dropped
here, and so neither parsed nor stored.
"""

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tracking.screenshots.imaging.protocol import BROKEN, FORMAT, MORE, SEVERAL, Unfit

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive; screenshots use no others
_UNUSUAL_FRAMES = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}
_END, _SCAN = 0xD9, 0xDA
_NEXT_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")  # in a scan, zeros escape data and D0 to D7 restart it
_PNG_PARTS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_JFIF, _EXIF, _ADOBE, _COMMENT = 0xE0, 0xE1, 0xEE, 0xFE
_EXIF_START = b"Exif\0\0"
_WEBP_NOTED = 0x2C  # the VP8X flags of a profile, EXIF and XMP


@dataclass(frozen=True, slots=True)
class Header:
    """The format by Pillow's name, the size in pixels, bits of a sample, and the file without metadata.

    `exif`: the metadata that may contain the orientation; empty if there is none.
    """

    format: str
    width: int
    height: int
    depth: int = 8
    exif: bytes = b""
    file: bytes = b""


def read_header(data: bytes) -> Header:
    """The header of a file. Unfit: no complete picture of an accepted format, several pictures, or extra data."""
    for start, read in _READERS.items():
        if data.startswith(start):
            try:
                return read(data)
            except IndexError:
                raise Unfit(BROKEN) from None
    raise Unfit(FORMAT)


def _read_png(data: bytes) -> Header:
    position, header, seen, exif, parts = len(_PNG), b"", b"", b"", [_PNG]
    while position < len(data):
        start, length = position, int.from_bytes(data[position : position + 4], "big")
        kind, body = data[position + 4 : position + 8], memoryview(data)[position + 8 : position + 8 + length]
        position += 12 + length
        checksum = int.from_bytes(data[position - 4 : position], "big")
        if len(data) < position or zlib.crc32(body, zlib.crc32(kind)) != checksum:
            raise Unfit(BROKEN)
        if not seen and (kind != b"IHDR" or length != 13):
            raise Unfit(BROKEN)
        if kind == b"IHDR":
            header = bytes(body)
        if kind in _PNG_PARTS:
            parts.append(data[start:position])
        elif not kind[:1].islower():  # a critical chunk, which a decoder must not skip
            raise Unfit(BROKEN)
        elif kind == b"eXIf":
            exif = bytes(body)
        seen = kind
        if kind == b"IEND":
            break
    if seen != b"IEND":
        raise Unfit(BROKEN)
    _check_end(data, position)
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    return Header("PNG", width, height, header[8], exif, b"".join(parts))


def _read_jpeg(data: bytes) -> Header:
    position, size, exif, parts = 2, (0, 0), b"", [_JPEG]
    while True:
        start = position
        if data[position] != 0xFF:
            raise Unfit(BROKEN)
        while data[position] == 0xFF:
            position += 1
        marker = data[position]
        position += 1
        if marker == _END:
            parts.append(data[start:position])
            break
        length = data[position] << 8 | data[position + 1]
        body = data[position + 2 : position + length]
        position += length
        if marker in _UNUSUAL_FRAMES or (marker in _FRAMES and any(size)):
            raise Unfit(BROKEN)
        if marker in _FRAMES:
            size = body[3] << 8 | body[4], body[1] << 8 | body[2]
        elif marker == _SCAN:
            following = _NEXT_MARKER.search(data, position)
            if not following:
                raise Unfit(BROKEN)
            position = following.start()
        elif marker == _EXIF and body.startswith(_EXIF_START):
            exif = body
        if _is_part_of_jpeg(marker, body):
            parts.append(data[start:position])
    if not any(size):
        raise Unfit(BROKEN)
    _check_end(data, position)
    return Header("JPEG", *size, 8, exif, b"".join(parts))


def _is_part_of_jpeg(marker: int, body: bytes) -> bool:
    """JFIF and Adobe segments define the colour channels; other segments do not affect the picture."""
    if marker == _JFIF:
        return body.startswith(b"JFIF\0")
    if marker == _ADOBE:
        return body.startswith(b"Adobe")
    return marker != _COMMENT and not _JFIF <= marker <= 0xEF


def _read_webp(data: bytes) -> Header:
    if data[8:12] != b"WEBP":
        raise Unfit(FORMAT)
    end = 8 + int.from_bytes(data[4:8], "little")
    if len(data) < end:
        raise Unfit(BROKEN)
    _check_end(data, end)
    sizes, exif, parts = [], b"", []
    for kind, body in _riff_chunks(data, end):
        if kind in (b"ANIM", b"ANMF"):
            raise Unfit(SEVERAL)
        if kind in _WEBP_SIZES:
            sizes.append(_WEBP_SIZES[kind](body))
        if kind in _WEBP_SIZES or kind == b"ALPH":
            kept = bytes([body[0] & ~_WEBP_NOTED]) + body[1:] if kind == b"VP8X" else body
            parts.append(kind + len(kept).to_bytes(4, "little") + kept + b"\0" * (len(kept) % 2))
        elif kind == b"EXIF":
            exif = body
    if not sizes:
        raise Unfit(BROKEN)
    file = b"WEBP" + b"".join(parts)
    file = b"RIFF" + len(file).to_bytes(4, "little") + file
    return Header("WEBP", max(width for width, _ in sizes), max(height for _, height in sizes), 8, exif, file)


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


def _check_end(data: bytes, end: int) -> None:
    if len(data) > end:
        raise Unfit(MORE)
