"""Characters that matter to several rules: those that nobody sees, and those that change how others are shown."""

import unicodedata

BIDI_CONTROLS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""Embeddings, overrides and isolates: one that is not closed turns the text after it round."""

# Drawn as nothing although they count as letters or symbols.
_BLANK_LETTERS = frozenset("\u2800\u3164\u115f\u1160\uffa0\u17b4\u17b5")
_SELECTORS = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), 0x034F, 0x180B, 0x180C, 0x180D)))
# Zero-width joiner and non-joiner are needed to write Persian, Hindi and many emoji; these are needed for nothing.
ZERO_WIDTH = frozenset("\u00ad\u180e\u200b\u2060\u2061\u2062\u2063\u2064\ufeff")


def is_ignorable(character: str) -> bool:
    """Whether it is drawn as nothing by itself: format characters, selectors, fillers."""
    return (
        unicodedata.category(character) in {"Cf", "Cc", "Cn", "Cs"}
        or character in _SELECTORS
        or character in _BLANK_LETTERS
    )


def has_something_to_see(text: str) -> bool:
    """Whether any character of it is drawn: not white space, not ignorable, not a mark without its letter."""
    return any(not is_ignorable(character) and unicodedata.category(character)[0] not in "ZM" for character in text)
