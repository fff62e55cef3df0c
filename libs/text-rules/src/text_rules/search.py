"""Search keys, so that a search has the same results in every service."""

import unicodedata

from text_rules.characters import is_ignorable

# Marks that readers omit when they search. In Thai, Hindi or kana, marks are part of the letter and are kept.
_MARKS = (
    *range(0x0300, 0x0370),
    *range(0x0591, 0x05C8),
    *range(0x064B, 0x0660),
    0x0670,
    *range(0x1AB0, 0x1B00),
    *range(0x1DC0, 0x1E00),
    *range(0x20D0, 0x2100),
    *range(0xFE20, 0xFE30),
)
# Letters without a decomposition, which people type without the stroke.
_LETTERS = {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"}
_FOLDED = str.maketrans(_LETTERS | {chr(mark): "" for mark in _MARKS})


def search_key(text: str) -> str:
    """Returns the text without letter case, accents, ligatures, width, invisible characters and repeated white space.

    `istanbul` is in İstanbul, `strasse` in Straße, `soehne` is not in Söhne. The function is idempotent.
    """
    folded = text
    for _ in range(2):  # lower-casing adds accents, and some letters fold only after decomposition
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", folded).casefold()).translate(_FOLDED)
    visible = "".join(character for character in folded if character.isspace() or not is_ignorable(character))
    return unicodedata.normalize("NFC", " ".join(visible.split()))


def search_text(*texts: str) -> str:
    """Returns the searchable text: each text folded on its own line, so that no match spans two of them."""
    return "\n".join(map(search_key, texts))
