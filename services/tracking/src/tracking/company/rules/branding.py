"""A company's colour: white text stands on it, and must stay readable."""

import re

LEAST_CONTRAST = 4.5  # WCAG 2.2, AA, text of usual size
_COLOUR = re.compile(r"#[0-9a-f]{6}")


def is_colour(text: str) -> bool:
    """Whether the text is #rrggbb, in lower case."""
    return _COLOUR.fullmatch(text) is not None


def contrast_with_white(colour: str) -> float:
    """From 1 (white itself) to 21 (black), as WCAG defines it; `colour` is #rrggbb."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
