"""E-mail addresses: which are accepted, where mail is sent, and which are the same mailbox."""

import unicodedata
from dataclasses import dataclass
from typing import Self

import email_validator
from email_validator import EmailNotValidError, validate_email

from servicekit.errors import InvalidInput
from text_rules.lines import field_name

MAX_ADDRESS_LENGTH = 254  # RFC 5321
ADVICE = "is not an address: write it like name@example.com"

# A company may run its mail in a reserved domain such as .local, so reserved names are accepted.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True, slots=True)
class Address:
    """`text` is the input in NFC with a lower-case domain, where mail is sent. `key` is only for comparison."""

    text: str
    key: str

    @classmethod
    def parse(cls, typed: str) -> Self:
        """Parses an address. Raises ValueError if mail cannot reach it by one unambiguous name."""
        typed = typed.strip()
        if len(typed) > MAX_ADDRESS_LENGTH or _becomes_ascii(typed):
            raise ValueError(ADVICE)
        try:
            found = validate_email(typed, check_deliverability=False, globally_deliverable=False, strict=True)
        except EmailNotValidError as error:
            raise ValueError(ADVICE) from error
        if "." not in found.domain or len(found.normalized) > MAX_ADDRESS_LENGTH:
            raise ValueError(ADVICE)
        # The library lower-cases some local parts, such as that of POSTMASTER@; the input is kept.
        local = unicodedata.normalize("NFC", found.original.rpartition("@")[0])
        return cls(f"{local}@{found.domain}", f"{local.translate(_LOWER)}@{found.ascii_domain}")

    @classmethod
    def checked(cls, typed: str, what: str, *, field: str = "") -> Self:
        """Returns the address in a field. Raises InvalidInput, which begins with the label `what`.

        `field`: the input's name, where its label does not name it.
        """
        field = field or field_name(what)
        if not typed.strip():
            raise InvalidInput(f"{what} is missing: give 1 to {MAX_ADDRESS_LENGTH} characters", field=field)
        try:
            return cls.parse(typed)
        except ValueError as error:
            raise InvalidInput(f"{what} {error}", field=field) from error


def email_key(typed: str) -> str:
    """Returns the key by which accounts are found. Addresses with equal keys are treated as the same mailbox.

    NFC and NFD are equal, as are upper and lower case of ASCII letters, because no mail service in use distinguishes
    them. Domains are compared in IDNA. No other letters are folded: ß is not ss, and mail must not reach the wrong
    mailbox. Text that is not an address has a key that no address has.
    """
    try:
        return Address.parse(typed).key
    except ValueError:
        return f"{typed.strip().translate(_LOWER)} "  # no address ends in a blank


def _becomes_ascii(typed: str) -> bool:
    """Returns whether NFC would replace a letter by an ASCII one, such as the Kelvin sign by K: another mailbox."""
    return any(character > "\x7f" and unicodedata.normalize("NFC", character) < "\x80" for character in typed)
