"""Isolation of text from people, so that it cannot change the direction of the text around it."""

from markupsafe import Markup

from text_rules.characters import BIDI_CONTROLS

_FIRST_STRONG_ISOLATE, _POP = "\u2068", "\u2069"
_CONTROLS = dict.fromkeys(map(ord, BIDI_CONTROLS))  # older texts may contain them; one would end an isolate


def bdi(text: object) -> Markup:
    """Returns the escaped text in a `<bdi>` element, for pages."""
    return Markup("<bdi>{}</bdi>").format(str(text).translate(_CONTROLS))


def isolated(text: object) -> str:
    """Returns the text between isolates, for attributes, titles, options, charts and mails. Empty text stays empty."""
    plain = str(text).translate(_CONTROLS)
    return f"{_FIRST_STRONG_ISOLATE}{plain}{_POP}" if plain else ""
