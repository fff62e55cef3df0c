"""Phone numbers as people write them; nothing dials them."""

import re

from servicekit.errors import InvalidInput
from text_rules import lines

MAX_PHONE_LENGTH = 40
ADVICE = "is not a number: write 5 to 20 digits, like +49 30 1234567, or leave it empty"

_PHONE = re.compile(r"\+?[0-9 ()/.\-]+")
_DIGITS = range(5, 21)


def checked(typed: str, what: str) -> str:
    """Returns the number to store; empty if none is given. Raises InvalidInput, which begins with `what`."""
    text = lines.validate(typed, what, max_length=MAX_PHONE_LENGTH)
    digits = sum(character.isdigit() for character in text)
    if text and not (_PHONE.fullmatch(text) and digits in _DIGITS):
        raise InvalidInput(f"{what} {ADVICE}", field=lines.field_name(what))
    return text
