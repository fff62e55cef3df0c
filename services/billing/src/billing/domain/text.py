"""Rules for text that people type."""

import unicodedata

from servicekit.errors import InvalidInput

# Controls and separators that break a line; a lone surrogate cannot be stored.
_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp"})


def clean(value: str, what: str, *, most: int, required: bool = False) -> str:
    """`value` trimmed and in NFC, at most `most` characters; InvalidInput begins with the field's name, `what`."""
    text = unicodedata.normalize("NFC", value).strip()
    if required and not text:
        raise InvalidInput(f"{what} is missing: give 1 to {most} characters.")
    if len(text) > most:
        raise InvalidInput(f"{what} may have at most {most} characters: this one has {len(text)}.")
    if any(unicodedata.category(character) in _REFUSED for character in text):
        raise InvalidInput(f"{what} has a line break or another control character: remove it.")
    return text
