"""Names, titles, reasons and other text: how it is cleaned, what is refused, what two equal names have in common."""

import re
import unicodedata
from hashlib import sha256

from servicekit.errors import InvalidInput
from text_rules.characters import BIDI_CONTROLS, ZERO_WIDTH, has_something_to_see, is_ignorable

MAX_KEY = 600  # characters; a few ligatures fold to 18 each, and an index takes 2,700 bytes

# Controls, separators that break a line, halves of characters, and what is no character (yet).
_REFUSED = frozenset({"Cc", "Cs", "Cn", "Zl", "Zp"})
_SPACES = re.compile("[^\\S\\n\\r\\v\\f\\x1c-\\x1f\\x85\\u2028\\u2029]+")  # white space that does not break the line
_LINE_BREAKS = frozenset("\n\r\v\f\x85\u2028\u2029")
_LINE_ENDS = re.compile("\r\n?")
_BLANK_LINES = re.compile("\n{3,}")
_DROPPED = dict.fromkeys(map(ord, ZERO_WIDTH))
_NOT_STORED = dict.fromkeys((*range(32), *range(127, 160), *map(ord, BIDI_CONTROLS)))


def tidy(text: str, *, multiline: bool = False) -> str:
    """The text in NFC, without white space around it and without runs of it; nothing is refused here.

    `multiline` keeps line breaks as \\n, at most one empty line between two others.
    """
    text = unicodedata.normalize("NFC", text.translate(_DROPPED))
    if multiline:
        lines = (_SPACES.sub(" ", line).strip(" ") for line in _LINE_ENDS.sub("\n", text).split("\n"))
        text = _BLANK_LINES.sub("\n\n", "\n".join(lines))
    text = _SPACES.sub(" ", text).strip()
    return text if has_something_to_see(text) or _refused(text, multiline=multiline) else ""


def problem(text: str, *, most: int, required: bool = False, multiline: bool = False) -> str | None:
    """What is wrong with a tidy text, to follow the field's name; None when it will do. `most`: characters."""
    if required and not has_something_to_see(text):
        return f"is missing: give 1 to {most} characters"
    if len(text) > most:
        return f"has {len(text)} characters: shorten it to {most}"
    refused = _refused(text, multiline=multiline)
    if refused in _LINE_BREAKS and not multiline:
        return "has a line break: write it in one line"
    if refused:
        kind = "control character" if refused in BIDI_CONTROLS or unicodedata.category(refused) != "Cn" else "character"
        unknown = " that is not assigned" if kind == "character" else ""
        return f"has a {kind}{unknown} (U+{ord(refused):04X}): remove it"
    return None


def checked(text: str, what: str, *, most: int, required: bool = False, multiline: bool = False) -> str:
    """The text as it is stored. InvalidInput begins with the field's name, `what`, and says what to change."""
    text = tidy(text, multiline=multiline)
    wrong = problem(text, most=most, required=required, multiline=multiline)
    if wrong:
        raise InvalidInput(f"{what} {wrong}")
    return text


def reported(text: str, most: int) -> str:
    """The same for what machines report: nothing is refused, what cannot be stored or would mislead is dropped.

    At most `most` characters. An ordinary title costs one look.
    """
    if len(text) <= most and text.isprintable():
        return text
    text = text[: most + 64]
    if not text.isprintable():
        text = text.translate(_NOT_STORED).encode("utf-8", "replace").decode()
    return text[:most]


def name_key(name: str) -> str:
    """What two names have in common when people take them for the same: such names may exist once.

    Letter case, width, ligatures, white space and invisible characters make no difference; accents do.
    """
    folded = _visible(name)  # first: what stands between a letter and its accent keeps them apart
    folded = _visible(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", folded).casefold()))
    key = " ".join(unicodedata.normalize("NFKC", folded).split())
    return key if len(key) <= MAX_KEY else f"{key[:MAX_KEY]} {sha256(key.encode()).hexdigest()}"


def _visible(text: str) -> str:
    return "".join(character for character in text if character.isspace() or not is_ignorable(character))


def _refused(text: str, *, multiline: bool) -> str:
    for character in text:
        if multiline and character == "\n":
            continue
        if character in BIDI_CONTROLS or unicodedata.category(character) in _REFUSED:
            return character
    return ""
