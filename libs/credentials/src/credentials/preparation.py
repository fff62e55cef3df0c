"""Rules for passwords, and the canonical form that is hashed."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from precis_i18n import get_profile
from zxcvbn_rs_py import zxcvbn

MIN_LENGTH = 12
MAX_LENGTH = 256
MIN_SCORE = 2  # of 4: about ten million guesses, more than all lists of common passwords contain
_MAX_ESTIMATED_LENGTH = 72  # the estimate takes quadratic time, and longer passwords are strong


class UnfitPassword(ValueError):
    """The text is not acceptable as a password; the message says what to do."""


@lru_cache(maxsize=1)
def _profile() -> Any:
    return get_profile("OpaqueString")


def prepared(password: str) -> str:
    """Returns the password in the form of RFC 8265 (OpaqueString): NFC, with every space as U+0020.

    The same key strokes produce different code points on different systems. Raises ValueError on control characters
    and other code points that are not text.
    """
    text: str = _profile().enforce(password)
    return text


def check_new_password(password: str, personal: Iterable[str] = ()) -> None:
    """Raises UnfitPassword if the password is too short, too long, common, or derived from the `personal` texts.

    `personal`: the person's e-mail, name and the like. Takes less than 10 ms.
    """
    try:
        text = prepared(password)
    except ValueError:
        if not password:
            raise UnfitPassword(f"The password must have {MIN_LENGTH} to {MAX_LENGTH} characters.") from None
        message = "The password contains a character that cannot be typed everywhere, such as a tab. Choose another."
        raise UnfitPassword(message) from None
    if not MIN_LENGTH <= len(text) <= MAX_LENGTH or not text.strip():
        raise UnfitPassword(f"The password must have {MIN_LENGTH} to {MAX_LENGTH} characters.")
    inputs = sorted(_words(personal))
    bare = text.casefold()
    for word in sorted(inputs, key=len, reverse=True):
        if len(word) > 3:
            bare = bare.replace(word, "")
    if len(bare.strip()) < len(text) and len(bare.strip()) < MIN_LENGTH // 2:
        raise UnfitPassword("The password repeats your e-mail address, name or company. Choose another.")
    if int(zxcvbn(text[:_MAX_ESTIMATED_LENGTH], inputs).score) < MIN_SCORE:
        raise UnfitPassword("The password is easy to guess. Use several unrelated words or a password manager.")


def _words(personal: Iterable[str]) -> set[str]:
    words: set[str] = set()
    for text in personal:
        folded = text.casefold().strip()
        words |= {folded, *folded.replace("@", " ").replace(".", " ").replace("-", " ").split()}
    return {word for word in words if word}
