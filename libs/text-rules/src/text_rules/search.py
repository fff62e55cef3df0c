"""What a search looks into and for: one fold, so that every service finds the same."""

import unicodedata

from text_rules.characters import is_ignorable

# Marks of alphabets whose readers search without them. Those of Thai, Hindi or kana are letters of their own.
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
# Letters that have no decomposition and that people type without the stroke.
_LETTERS = {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"}
_FOLDED = str.maketrans(_LETTERS | {chr(mark): "" for mark in _MARKS})


def search_key(text: str) -> str:
    """The text without letter case, accents, ligatures, width, invisible characters and runs of white space.

    `istanbul` is in İstanbul, `strasse` in Straße, `soehne` is not in Söhne. Folding again changes nothing.
    """
    folded = text
    for _ in range(2):  # lower case brings accents of its own, and some letters fold only once they are apart
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", folded).casefold()).translate(_FOLDED)
    visible = "".join(character for character in folded if character.isspace() or not is_ignorable(character))
    return unicodedata.normalize("NFC", " ".join(visible.split()))


def search_text(*texts: str) -> str:
    """What a search looks into: each text folded, on a line of its own, so that no match spans two of them."""
    return "\n".join(map(search_key, texts))
