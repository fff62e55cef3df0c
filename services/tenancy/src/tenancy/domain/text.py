"""Rules for text that people type."""

import unicodedata

from servicekit.errors import InvalidInput

# Controls and separators that break a line; a lone surrogate cannot be stored.
_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp"})


def clean(value: str, what: str, *, most: int, required: bool = False, multiline: bool = False) -> str:
    """`value` trimmed and in NFC, at most `most` characters; `multiline` permits line breaks.

    InvalidInput names the field as `what` and says what to change.
    """
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n") if multiline else value).strip()
    if required and not fold(text):
        raise InvalidInput(f"{what} is missing: give 1 to {most} characters")
    if len(text) > most:
        raise InvalidInput(f"{what} has {len(text)} characters: shorten it to {most}")
    for character in text:
        if unicodedata.category(character) in _REFUSED and not (multiline and character == "\n"):
            raise InvalidInput(f"{what} has a control character (U+{ord(character):04X}): remove it")
    return text


def fold(text: str) -> str:
    """What two texts have in common when people take them for the same.

    Letter case, runs of blanks and invisible format characters make no difference.
    """
    visible = "".join(character for character in text.casefold() if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFC", " ".join(visible.split()))
