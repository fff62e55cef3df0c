"""Telephone numbers as people write them; nothing dials them."""

import re

from servicekit.errors import InvalidInput
from text_rules import lines

LONGEST = 40
ADVICE = "is not a number: write 5 to 20 digits, like +49 30 1234567, or leave it empty"

_PHONE = re.compile(r"\+?[0-9 ()/.\-]+")
_DIGITS = range(5, 21)


def checked(typed: str, what: str) -> str:
    """The number as it is stored, empty when none is given. InvalidInput begins with the field's name, `what`."""
    text = lines.checked(typed, what, most=LONGEST)
    digits = sum(character.isdigit() for character in text)
    if text and not (_PHONE.fullmatch(text) and digits in _DIGITS):
        raise InvalidInput(f"{what} {ADVICE}")
    return text
