"""Converts pixels to opaque 8-bit RGB on white, upright, as the screen showed them.

Conversions work strip by strip: a screen of 80 million pixels must not be held in memory more than twice.
"""

from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image, ImageChops

_STRIP = 4_000_000  # pixels
_EXIF_ORIENTATION = 0x0112
_TURNS: Mapping[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_HIGH_BYTE = [value >> 8 for value in range(1 << 16)]
_WITH_ALPHA = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})


def flatten(image: Image.Image, depth: int) -> Image.Image:
    """The loaded image as RGB; transparent pixels become white, not the colour stored under them.

    `depth`: bits of a sample in the file, which the value of a PNG's transparent colour refers to.
    """
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    flat = Image.new("RGB", image.size)
    rows = max(1, _STRIP // image.width)
    on_white = _conversion(image, depth)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        flat.paste(on_white(strip), (0, top))
    return flat


def turn_upright(image: Image.Image, exif: bytes) -> Image.Image:
    """The image turned by its EXIF orientation; unchanged if there is none that can be read."""
    turn = _TURNS.get(_orientation(exif))
    return image if turn is None else image.transpose(turn)


def _orientation(exif: bytes) -> int:
    if not exif:
        return 0
    found = Image.Exif()
    try:
        found.load(exif)
        return int(found.get(_EXIF_ORIENTATION, 0))
    except Exception:  # unreadable metadata is no reason to refuse the picture
        return 0


def _conversion(image: Image.Image, depth: int) -> Callable[[Image.Image], Image.Image]:
    transparent = image.info.get("transparency")
    if image.mode.startswith("I"):
        return lambda strip: _wide_grey(strip, transparent)
    if image.mode in ("1", "L") and isinstance(transparent, int):
        return lambda strip: _keyed_grey(strip, transparent, depth)
    if image.mode == "RGB":
        return lambda strip: _keyed_colour(strip, transparent, depth)
    if image.mode in _WITH_ALPHA or (image.mode == "P" and image.has_transparency_data):
        return _with_alpha
    return lambda strip: strip.convert("RGB")


def _with_alpha(strip: Image.Image) -> Image.Image:
    strip = strip.convert("RGBA")
    return _on_white(strip, strip.getchannel("A"))


def _wide_grey(strip: Image.Image, transparent: Any) -> Image.Image:
    strip = strip.convert("I")  # the one mode that is looked up by 16 bits; convert("L") would clip
    grey = strip.point(_HIGH_BYTE, "L")
    if not isinstance(transparent, int):
        return grey.convert("RGB")
    return _on_white(grey, strip.point(_all_but(transparent, 1 << 16), "L"))


def _keyed_grey(strip: Image.Image, transparent: int, depth: int) -> Image.Image:
    grey = strip.convert("L")  # its samples are scaled to 0 to 255, the transparent value is as in the file
    most = (1 << depth) - 1
    return _on_white(grey, grey.point(_all_but((transparent & most) * 255 // most, 256)))


def _keyed_colour(strip: Image.Image, transparent: Any, depth: int) -> Image.Image:
    shift = max(0, depth - 8)  # of 16 bits the decoder has kept the high ones
    alpha: Image.Image | None = None
    for band, value in zip(strip.split(), transparent, strict=True):
        differs = band.point(_all_but(value >> shift & 0xFF, 256))
        alpha = differs if alpha is None else ImageChops.lighter(alpha, differs)
    return _on_white(strip, alpha)


def _all_but(value: int, size: int) -> list[int]:
    table = [255] * size
    if value < size:
        table[value] = 0
    return table


def _on_white(strip: Image.Image, alpha: Image.Image | None) -> Image.Image:
    white = Image.new("RGB", strip.size, "white")
    white.paste(strip.convert("RGB"), mask=alpha)
    return white
