"""E-mail addresses: what is taken, to what form mail is sent, and which two are the same mailbox."""

import unicodedata
from dataclasses import dataclass
from typing import Self

import email_validator
from email_validator import EmailNotValidError, validate_email

from servicekit.errors import InvalidInput

LONGEST = 254  # RFC 5321
ADVICE = "is not an address: write it like name@example.com"

# A company may run its mail in a domain of its own, such as .local: reserved names are taken, as the library permits.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True, slots=True)
class Address:
    """`text` is what was entered, in NFC and with a lower-case domain: mail goes there. `key` is only for comparing."""

    text: str
    key: str

    @classmethod
    def parse(cls, typed: str) -> Self:
        """ValueError: it is no address that mail could reach by one unambiguous name."""
        typed = typed.strip()
        if len(typed) > LONGEST or _becomes_ascii(typed):
            raise ValueError(ADVICE)
        try:
            found = validate_email(typed, check_deliverability=False, globally_deliverable=False, strict=True)
        except EmailNotValidError as error:
            raise ValueError(ADVICE) from error
        if "." not in found.domain or len(found.normalized) > LONGEST:
            raise ValueError(ADVICE)
        # The library writes some local parts, such as that of POSTMASTER@, in lower case: they are kept as typed.
        local = unicodedata.normalize("NFC", found.original.rpartition("@")[0])
        return cls(f"{local}@{found.domain}", f"{local.translate(_LOWER)}@{found.ascii_domain}")

    @classmethod
    def checked(cls, typed: str, what: str) -> Self:
        """The address in a field. InvalidInput begins with the field's name, `what`."""
        if not typed.strip():
            raise InvalidInput(f"{what} is missing: give 1 to {LONGEST} characters")
        try:
            return cls.parse(typed)
        except ValueError as error:
            raise InvalidInput(f"{what} {error}") from error


def email_key(typed: str) -> str:
    """What an account is found by. Two addresses have one key when they are the same mailbox as far as can be told.

    NFC and NFD are the same; so are upper and lower case of ASCII letters, since no mail service in use tells them
    apart; domains are compared in IDNA. No other letters are folded: ß is not ss, and the owner of one mailbox must not
    get what is meant for the other. Text that is no address has a key that no address has.
    """
    try:
        return Address.parse(typed).key
    except ValueError:
        return f"{typed.strip().translate(_LOWER)} "  # no address ends in a blank


def _becomes_ascii(typed: str) -> bool:
    """Whether NFC would replace a letter by an ASCII one: the Kelvin sign by K, which is another mailbox."""
    return any(character > "\x7f" and unicodedata.normalize("NFC", character) < "\x80" for character in typed)
