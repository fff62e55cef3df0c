"""Showing text from people among other text: isolated, so that it turns nothing around it."""

from markupsafe import Markup

from text_rules.characters import BIDI_CONTROLS

_FIRST_STRONG_ISOLATE, _POP = "\u2068", "\u2069"
_CONTROLS = dict.fromkeys(map(ord, BIDI_CONTROLS))  # in texts stored before they were refused: one would end an isolate


def bdi(text: object) -> Markup:
    """For the text of a page: escaped, in an element of its own direction."""
    return Markup("<bdi>{}</bdi>").format(str(text).translate(_CONTROLS))


def isolated(text: object) -> str:
    """For where no element can stand: attributes, titles, options, charts, mails. Empty text stays empty."""
    plain = str(text).translate(_CONTROLS)
    return f"{_FIRST_STRONG_ISOLATE}{plain}{_POP}" if plain else ""
