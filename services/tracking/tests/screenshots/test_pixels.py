"""Stored pictures show what the screen showed: opaque, 8 bits, upright; metadata is dropped."""

import struct
import subprocess
import sys
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from tracking.screenshots.imaging.protocol import ANSWER, BROKEN, LARGE, REQUEST, Unfit
from tracking.screenshots.imaging.worker import MEMORY, render
from tracking.screenshots.rules import MAX_PIXELS

HIDDEN, SHOWN = (200, 0, 0), (0, 0, 200)
SIZE = (64, 32)
ORIENTATION = 0x0112
Pixel = tuple[int, ...]


def saved(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    width: int, height: int, pixels: bytes, *, depth: int = 8, colour: int = 2, extra: bytes = b"", end: bytes = b""
) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(pixels, 1))
    return b"\x89PNG\r\n\x1a\n" + head + extra + body + end + chunk(b"IEND", b"")


def halves(left: bytes, right: bytes) -> bytes:
    """The lines of a PNG whose left half has one sample and whose right half another."""
    return (b"\0" + left * (SIZE[0] // 2) + right * (SIZE[0] // 2)) * SIZE[1]


def kept(data: bytes) -> Image.Image:
    rendered = render(data)
    image = Image.open(BytesIO(rendered.picture))
    assert (image.mode, image.size) == ("RGB", (rendered.width, rendered.height))
    with Image.open(BytesIO(rendered.thumbnail)) as small:
        assert small.mode == "RGB"
    return image


def at(image: Image.Image, x: float, y: float) -> Pixel:
    found = image.getpixel((int(image.width * x), int(image.height * y)))
    assert isinstance(found, tuple)
    return found


def near(found: Pixel, wanted: Pixel) -> bool:
    """As near as JPEG keeps a plain colour."""
    return all(abs(one - other) <= 6 for one, other in zip(found, wanted, strict=True))


def half_hidden(mode: str) -> Image.Image:
    """Its left half is transparent and has a colour all the same."""
    image = Image.new("RGBA", SIZE, (*HIDDEN, 0))
    image.paste((*SHOWN, 255), (SIZE[0] // 2, 0, *SIZE))
    if mode == "P":
        indexed = Image.new("P", SIZE, 0)
        indexed.putpalette([*HIDDEN, *SHOWN])
        indexed.paste(1, (SIZE[0] // 2, 0, *SIZE))
        return indexed
    return image.convert(mode)


GREY = (23, 23, 23)  # SHOWN, as Pillow makes it grey
TRANSPARENT = {
    "RGBA": (saved(half_hidden("RGBA")), SHOWN),
    "LA": (saved(half_hidden("LA")), GREY),
    "palette with an alpha each": (saved(half_hidden("P"), transparency=b"\0\xff"), SHOWN),
    "palette with one transparent colour": (saved(half_hidden("P"), transparency=0), SHOWN),
    "RGB with a transparent colour": (
        png(*SIZE, halves(bytes(HIDDEN), bytes(SHOWN)), extra=chunk(b"tRNS", struct.pack(">3H", *HIDDEN))),
        SHOWN,
    ),
    "16 bits RGB with a transparent colour": (
        png(
            *SIZE,
            halves(struct.pack(">3H", 51200, 0, 0), struct.pack(">3H", 0, 0, 51200)),
            depth=16,
            extra=chunk(b"tRNS", struct.pack(">3H", 51200, 0, 0)),
        ),
        SHOWN,
    ),
    "16 bits RGBA": (
        png(
            *SIZE,
            halves(struct.pack(">4H", 51200, 0, 0, 0), struct.pack(">4H", 0, 0, 51200, 65535)),
            depth=16,
            colour=6,
        ),
        SHOWN,
    ),
    "grey with a transparent one": (
        png(*SIZE, halves(b"\x20", b"\x80"), colour=0, extra=chunk(b"tRNS", b"\0\x20")),
        (128,) * 3,
    ),
    "16 bits grey with a transparent one": (
        png(*SIZE, halves(b"\x20\x01", b"\x80\x01"), depth=16, colour=0, extra=chunk(b"tRNS", b"\x20\x01")),
        (128,) * 3,
    ),
    "4 bits grey with a transparent one": (
        png(*SIZE, (b"\0" + b"\x22" * 16 + b"\x88" * 16) * 32, depth=4, colour=0, extra=chunk(b"tRNS", b"\0\2")),
        (136,) * 3,
    ),
    "1 bit with a transparent one": (
        png(*SIZE, (b"\0" + b"\xff" * 4 + b"\0" * 4) * 32, depth=1, colour=0, extra=chunk(b"tRNS", b"\0\1")),
        (0,) * 3,
    ),
    "lossless WebP": (saved(half_hidden("RGBA"), "WEBP", lossless=True, exact=True), SHOWN),
    "lossy WebP": (saved(half_hidden("RGBA"), "WEBP", quality=95), SHOWN),
}


@pytest.mark.parametrize("name", TRANSPARENT)
def test_what_is_transparent_shows_white_and_not_the_colour_below(name: str) -> None:
    data, shown = TRANSPARENT[name]
    image = kept(data)
    assert near(at(image, 0.2, 0.5), (255, 255, 255))
    assert near(at(image, 0.8, 0.5), shown)


def test_half_transparent_is_half_white() -> None:
    assert near(at(kept(saved(Image.new("RGBA", SIZE, (0, 0, 0, 128)))), 0.5, 0.5), (127, 127, 127))


def test_strips_fit_together() -> None:
    image = Image.new("RGBA", (4_000, 3_000), (0, 0, 0, 0))
    for x in (0, 3_960):
        image.paste((0, 0, 200, 255), (x, 0, x + 40, 3_000))
    found = kept(saved(image, compress_level=1))
    columns = [found.getpixel((x, y)) for x in (20, 3_980) for y in range(0, 3_000, 7)]
    assert all(isinstance(pixel, tuple) and near(pixel, SHOWN) for pixel in columns)
    assert near(at(found, 0.5, 0.5), (255, 255, 255))


def test_sixteen_bits_are_scaled() -> None:
    line = b"\0" + b"".join(struct.pack(">H", x * 65535 // 255) for x in range(256))
    image = kept(png(256, 32, line * 32, depth=16, colour=0))
    for x in (0, 64, 128, 192, 255):
        pixel = image.getpixel((x, 16))
        assert isinstance(pixel, tuple)
        assert near(pixel, (x, x, x))
    assert near(at(kept(png(*SIZE, halves(*[struct.pack(">3H", 0, 0, 51200)] * 2), depth=16)), 0.5, 0.5), SHOWN)


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_colours_of_print_are_shown_as_colours(options: dict[str, Any]) -> None:
    image = Image.new("RGB", SIZE, SHOWN).convert("CMYK")
    assert near(at(kept(saved(image, "JPEG", quality=95, **options)), 0.5, 0.5), SHOWN)


def test_of_an_animated_png_the_picture_itself_is_kept() -> None:
    frames = [Image.new("RGB", SIZE, colour) for colour in (SHOWN, HIDDEN)]
    animated = saved(frames[0], save_all=True, append_images=frames[1:])
    assert b"fdAT" in animated
    assert near(at(kept(animated), 0.5, 0.5), SHOWN)


def corners() -> Image.Image:
    image = Image.new("RGB", SIZE, "white")
    image.paste(HIDDEN, (0, 0, SIZE[0] // 2, SIZE[1] // 2))
    return image


# In which corner of the upright picture the one is found that the file has above and left.
UPRIGHT = {
    1: (0.2, 0.2),
    2: (0.8, 0.2),
    3: (0.8, 0.8),
    4: (0.2, 0.8),
    5: (0.2, 0.2),
    6: (0.8, 0.2),
    7: (0.8, 0.8),
    8: (0.2, 0.8),
}


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_turned_one_is_turned_upright(form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    image = kept(saved(corners(), form, exif=exif))
    assert image.size == (SIZE if orientation < 5 else SIZE[::-1])
    red = at(image, *UPRIGHT[orientation])
    assert red[0] > 150
    assert red[1] < 60
    assert image.getexif().get(ORIENTATION) is None


@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0" + b"\xff" * 5_000])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_an_unreadable_orientation_is_none(form: str, exif: bytes) -> None:
    assert kept(saved(corners(), form, exif=exif)).size == SIZE


NOTES = (b"%PDF-1.7 trailer", b"<?php system($_GET[0]);", b"PK\x03\x04 archive", b"<script>alert(1)</script>")


@pytest.mark.parametrize("text", NOTES)
def test_notes_are_dropped_whatever_they_hold(text: bytes) -> None:
    """Metadata is no reason to refuse a picture: only its pixels are stored."""
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", text.decode())
    notes.add_text("Zipped", text.decode(), zip=True)
    private = b"".join(chunk(kind, text) for kind in (b"prIv", b"iCCP", b"gAMA", b"pHYs", b"sPLT", b"zTXt", b"iTXt"))
    files = (
        saved(corners(), pnginfo=notes),
        png(*SIZE, halves(bytes(SHOWN), bytes(SHOWN)), extra=private, end=chunk(b"tEXt", text)),
        saved(corners(), "JPEG", comment=text, icc_profile=text, exif=b"Exif\0\0" + text, xmp=text),
        saved(corners(), "WEBP", icc_profile=text, exif=b"Exif\0\0" + text, xmp=text),
    )
    for data in files:
        rendered = render(data)
        assert (rendered.width, rendered.height) == SIZE
        for stored in (rendered.picture, rendered.thumbnail):
            assert text not in stored
            assert stored.startswith(b"\xff\xd8\xff\xe0\x00\x10JFIF")
            assert stored.endswith(b"\xff\xd9")


def test_a_text_that_unfolds_to_gigabytes_is_never_unfolded() -> None:
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 100_000_000))
    assert kept(png(*SIZE, halves(bytes(SHOWN), bytes(SHOWN)), extra=bomb)).size == SIZE


def test_a_part_that_no_decoder_may_pass_over_is_not_passed_over() -> None:
    with pytest.raises(Unfit, match=BROKEN):
        render(png(*SIZE, halves(bytes(SHOWN), bytes(SHOWN)), extra=chunk(b"CgBI", b"\0\0\0\0")))


def measured(data: bytes) -> tuple[str, tuple[int, int], int]:
    """What the process says of a picture: a reason or nothing, its size; and the most memory that it ever had."""
    program = (
        "import sys\nfrom tracking.screenshots.imaging import worker\nworker.main()\n"
        "peak = [line for line in open('/proc/self/status') if line.startswith('VmPeak')][0]\n"
        "sys.stderr.write(peak.split()[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=REQUEST.pack(len(data)) + data, capture_output=True, check=True
    )
    reason, width, height, *_ = ANSWER.unpack(done.stdout[: ANSWER.size])
    return done.stdout[ANSWER.size :][:reason].decode(), (width, height), int(done.stderr) * 1024


def desk(width: int, height: int, *, turned: bool = False) -> bytes:
    """A transparent picture, which takes the most memory of all PNG."""
    extra = chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0") if turned else b""
    return png(width, height, (b"\0" + b"\x40\x80\xc0\xf0" * width) * height, colour=6, extra=extra)


@pytest.mark.parametrize(("width", "height"), [(10240, 2880), (8960, 2880), (7680, 4320)])
def test_desks_of_several_screens_are_taken(width: int, height: int) -> None:
    reason, size, peak = measured(desk(width, height))
    assert (reason, size) == ("", (width, height))
    assert peak < MEMORY // 2


def test_eighty_megapixels_stay_within_the_memory_that_the_process_may_have() -> None:
    data = desk(10_000, 8_000, turned=True)
    assert MAX_PIXELS == 10_000 * 8_000
    reason, size, peak = measured(data)
    assert (reason, size) == ("", (8_000, 10_000))
    assert peak < MEMORY * 3 // 4


def test_one_more_is_too_many() -> None:
    for width, height in ((80_000_001, 1), (9_400, 9_400)):
        with pytest.raises(Unfit, match=LARGE):
            render(png(width, height, b""))
