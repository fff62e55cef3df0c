"""Names, titles, reasons and other text: cleaning, refused characters, and equality of names."""

import re
import unicodedata
from hashlib import sha256

from servicekit.errors import InvalidInput
from text_rules.characters import BIDI_CONTROLS, ZERO_WIDTH, has_visible_character, is_ignorable

MAX_KEY_LENGTH = 600  # some ligatures fold to 18 characters, and an index entry may have 2,700 bytes

# Controls, surrogates, unassigned characters, line and paragraph separators.
_REFUSED = frozenset({"Cc", "Cs", "Cn", "Zl", "Zp"})
_SPACES = re.compile("[^\\S\\n\\r\\v\\f\\x1c-\\x1f\\x85\\u2028\\u2029]+")  # white space that does not break the line
_LINE_BREAKS = frozenset("\n\r\v\f\x85\u2028\u2029")
_LINE_ENDS = re.compile("\r\n?")
_BLANK_LINES = re.compile("\n{3,}")
_DROPPED = dict.fromkeys(map(ord, ZERO_WIDTH))
_NOT_STORED = dict.fromkeys((*range(32), *range(127, 160), *map(ord, BIDI_CONTROLS)))


def tidy(text: str, *, multiline: bool = False) -> str:
    """Returns the text in NFC, without surrounding or repeated white space. Refuses nothing.

    `multiline` keeps line breaks as \\n, at most one empty line between two others.
    """
    text = unicodedata.normalize("NFC", text.translate(_DROPPED))
    if multiline:
        lines = (_SPACES.sub(" ", line).strip(" ") for line in _LINE_ENDS.sub("\n", text).split("\n"))
        text = _BLANK_LINES.sub("\n\n", "\n".join(lines))
    text = _SPACES.sub(" ", text).strip()
    return text if has_visible_character(text) or _refused(text, multiline=multiline) else ""


def problem(text: str, *, max_length: int, required: bool = False, multiline: bool = False) -> str | None:
    """Returns what is wrong with a tidy text, to follow the field's name; None if valid. `max_length`: characters."""
    if required and not has_visible_character(text):
        return f"is missing: give 1 to {max_length} characters"
    if len(text) > max_length:
        return f"has {len(text)} characters: shorten it to {max_length}"
    refused = _refused(text, multiline=multiline)
    if refused in _LINE_BREAKS and not multiline:
        return "has a line break: write it in one line"
    if refused:
        kind = "control character" if refused in BIDI_CONTROLS or unicodedata.category(refused) != "Cn" else "character"
        unknown = " that is not assigned" if kind == "character" else ""
        return f"has a {kind}{unknown} (U+{ord(refused):04X}): remove it"
    return None


def field_name(label: str) -> str:
    """The field that a label names: `plan_code` of "Plan code"; a name, also a dotted one, stays as it is."""
    return label.lower().replace(" ", "_")


def validate(
    text: str, what: str, *, max_length: int, required: bool = False, multiline: bool = False, field: str = ""
) -> str:
    """Returns the text to store. Raises InvalidInput, which begins with the label `what`.

    `field`: the input's name, where its label does not name it.
    """
    text = tidy(text, multiline=multiline)
    wrong = problem(text, max_length=max_length, required=required, multiline=multiline)
    if wrong:
        raise InvalidInput(f"{what} {wrong}", field=field or field_name(what))
    return text


def clean_reported(text: str, max_length: int) -> str:
    """Returns text from a machine, at most `max_length` characters. Drops what cannot be stored or would mislead.

    Refuses nothing, because a refused row would block all later ones. Ordinary titles take one check.
    """
    if len(text) <= max_length and text.isprintable():
        return text
    text = text[: max_length + 64]
    if not text.isprintable():
        text = text.translate(_NOT_STORED).encode("utf-8", "replace").decode()
    return text[:max_length]


def name_key(name: str) -> str:
    """Returns a key that is equal for names that people would consider equal.

    Letter case, width, ligatures, white space and invisible characters are ignored; accents count.
    """
    folded = _visible(name)  # first, because an invisible character may separate a letter from its accent
    folded = _visible(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", folded).casefold()))
    key = " ".join(unicodedata.normalize("NFKC", folded).split())
    return key if len(key) <= MAX_KEY_LENGTH else f"{key[:MAX_KEY_LENGTH]} {sha256(key.encode()).hexdigest()}"


def _visible(text: str) -> str:
    return "".join(character for character in text if character.isspace() or not is_ignorable(character))


def _refused(text: str, *, multiline: bool) -> str:
    for character in text:
        if multiline and character == "\n":
            continue
        if character in BIDI_CONTROLS or unicodedata.category(character) in _REFUSED:
            return character
    return ""
