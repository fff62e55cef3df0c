"""Character classes for several rules: invisible characters, and those that change how others are displayed."""

import unicodedata

BIDI_CONTROLS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""Embeddings, overrides and isolates; an unclosed one changes the direction of the text after it."""

# Letters and symbols without a visible glyph.
_BLANK_LETTERS = frozenset("\u2800\u3164\u115f\u1160\uffa0\u17b4\u17b5")
_SELECTORS = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), 0x034F, 0x180B, 0x180C, 0x180D)))
# No script needs these, unlike zero-width joiner and non-joiner (Persian, Hindi, emoji).
ZERO_WIDTH = frozenset("\u00ad\u180e\u200b\u2060\u2061\u2062\u2063\u2064\ufeff")


def is_ignorable(character: str) -> bool:
    """Returns whether the character has no glyph by itself: format characters, selectors, fillers."""
    return (
        unicodedata.category(character) in {"Cf", "Cc", "Cn", "Cs"}
        or character in _SELECTORS
        or character in _BLANK_LETTERS
    )


def has_visible_character(text: str) -> bool:
    """Returns whether any character is visible: not white space, not ignorable, not a combining mark alone."""
    return any(not is_ignorable(character) and unicodedata.category(character)[0] not in "ZM" for character in text)
