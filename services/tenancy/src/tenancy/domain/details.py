"""What the owner says about a customer, and the rules it must obey."""

import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from servicekit.errors import InvalidInput
from tenancy.domain.text import clean, fold

NAME_LENGTH = 200
EMAIL_LENGTH = 254  # RFC 5321
PHONE_LENGTH = 40
ADDRESS_LENGTH = 500
DEFAULT_TIME_ZONE = "UTC"

# "localtime" depends on the machine and "Factory" means that nobody has chosen.
TIME_ZONES = frozenset(zoneinfo.available_timezones()) - {"Factory", "localtime"}

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_PHONE = re.compile(r"\+?[0-9 ()/.\-]+")
_PHONE_DIGITS = range(5, 21)
_PLAN_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class CompanyDetails:
    """A customer's name and how to reach it; `time_zone` is an IANA name, absent texts are empty."""

    name: str
    email: str
    contact_person: str
    phone: str
    address: str
    time_zone: str

    @property
    def name_key(self) -> str:
        """Two companies may not have this in common."""
        return fold(self.name)

    @property
    def search_text(self) -> str:
        """What a search looks into: name, e-mail and contact person on lines of their own."""
        return "\n".join(map(fold, (self.name, self.email, self.contact_person)))

    def changed(self, changes: Mapping[str, str]) -> Self:
        """The details with some fields replaced. InvalidInput when there are none, or when one breaks a rule."""
        if not changes:
            raise InvalidInput("there is nothing to change: give at least one field")
        return self.checked(**(asdict(self) | dict(changes)))

    @classmethod
    def checked(cls, *, name: str, email: str, contact_person: str, phone: str, address: str, time_zone: str) -> Self:
        """The details as they are stored; InvalidInput names the first field that breaks a rule."""
        return cls(
            name=clean(name, "name", most=NAME_LENGTH, required=True),
            email=_email(email),
            contact_person=clean(contact_person, "contact_person", most=NAME_LENGTH),
            phone=_phone(phone),
            address=clean(address, "address", most=ADDRESS_LENGTH, multiline=True),
            time_zone=_time_zone(time_zone),
        )


def checked_plan_code(value: str) -> str:
    """The code of a plan as billing writes them; whether there is such a plan is for billing to say."""
    if not _PLAN_CODE.fullmatch(value):
        raise InvalidInput("plan_code must be a plan's code, such as PRO: capital letters, digits and _")
    return value


def _email(value: str) -> str:
    text = clean(value, "email", most=EMAIL_LENGTH, required=True)
    if not _EMAIL.fullmatch(text):
        raise InvalidInput("email is not an address: write it like name@example.com")
    return text


def _phone(value: str) -> str:
    text = clean(value, "phone", most=PHONE_LENGTH)
    digits = sum(character.isdigit() for character in text)
    if text and not (_PHONE.fullmatch(text) and digits in _PHONE_DIGITS):
        raise InvalidInput("phone is not a number: write 5 to 20 digits, like +49 30 1234567, or leave it empty")
    return text


def _time_zone(value: str) -> str:
    name = value.strip() or DEFAULT_TIME_ZONE
    if name not in TIME_ZONES:
        raise InvalidInput("time_zone is unknown: give an IANA name, such as Europe/Berlin, or leave it empty for UTC")
    return name
