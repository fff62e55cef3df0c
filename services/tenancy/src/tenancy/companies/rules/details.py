"""A company's details and the rules that they obey."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from servicekit.errors import InvalidInput
from text_rules import phones
from text_rules.addresses import Address
from text_rules.lines import checked, name_key
from text_rules.ordering import sort_key
from text_rules.search import search_text
from text_rules.zones import is_time_zone

NAME_LENGTH = 200
ADDRESS_LENGTH = 500
DEFAULT_TIME_ZONE = "UTC"

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
        return name_key(self.name)

    @property
    def name_order(self) -> bytes:
        """What companies are sorted by."""
        return sort_key(self.name)

    @property
    def search_text(self) -> str:
        """What a search looks into: name, e-mail and contact person on lines of their own."""
        return search_text(self.name, self.email, self.contact_person)

    def changed(self, changes: Mapping[str, str]) -> Self:
        """The details with some fields replaced. InvalidInput when there are none, or when one breaks a rule."""
        if not changes:
            raise InvalidInput("there is nothing to change: give at least one field")
        return self.checked(**(asdict(self) | dict(changes)))

    @classmethod
    def checked(cls, *, name: str, email: str, contact_person: str, phone: str, address: str, time_zone: str) -> Self:
        """The details as they are stored; InvalidInput names the first field that breaks a rule."""
        return cls(
            name=checked(name, "name", most=NAME_LENGTH, required=True),
            email=Address.checked(email, "email").text,
            contact_person=checked(contact_person, "contact_person", most=NAME_LENGTH),
            phone=phones.checked(phone, "phone"),
            address=checked(address, "address", most=ADDRESS_LENGTH, multiline=True),
            time_zone=_time_zone(time_zone),
        )


def checked_plan_code(value: str) -> str:
    """The code of a plan as billing writes them; whether there is such a plan is for billing to say."""
    if not _PLAN_CODE.fullmatch(value):
        raise InvalidInput("plan_code must be a plan's code, such as PRO: capital letters, digits and _")
    return value


def _time_zone(value: str) -> str:
    name = value.strip() or DEFAULT_TIME_ZONE
    if not is_time_zone(name):
        raise InvalidInput("time_zone is unknown: give an IANA name, such as Europe/Berlin, or leave it empty for UTC")
    return name
