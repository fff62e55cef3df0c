"""The details of a company and their rules."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from servicekit.errors import InvalidInput
from text_rules import phones
from text_rules.addresses import Address
from text_rules.lines import name_key, validate
from text_rules.ordering import sort_key
from text_rules.search import search_text
from text_rules.zones import is_time_zone

MAX_NAME_LENGTH = 200
MAX_ADDRESS_LENGTH = 500
DEFAULT_TIME_ZONE = "UTC"

_PLAN_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class CompanyDetails:
    """Name, contact and time zone of a customer. `time_zone` is an IANA name; absent texts are empty."""

    name: str
    email: str
    contact_person: str
    phone: str
    address: str
    time_zone: str

    @property
    def name_key(self) -> str:
        """The form of the name that must be unique."""
        return name_key(self.name)

    @property
    def name_order(self) -> bytes:
        """The sort key of the name."""
        return sort_key(self.name)

    @property
    def search_text(self) -> str:
        """The searchable text: name, e-mail and contact person, each on a line."""
        return search_text(self.name, self.email, self.contact_person)

    def changed(self, changes: Mapping[str, str]) -> Self:
        """The details with some fields replaced. InvalidInput without a field, and for one that breaks a rule."""
        if not changes:
            raise InvalidInput("there is nothing to change: give at least one field")
        return self.checked(**(asdict(self) | dict(changes)))

    @classmethod
    def checked(cls, *, name: str, email: str, contact_person: str, phone: str, address: str, time_zone: str) -> Self:
        """The details as they are stored; InvalidInput names the first field that breaks a rule."""
        return cls(
            name=validate(name, "name", max_length=MAX_NAME_LENGTH, required=True),
            email=Address.checked(email, "email").text,
            contact_person=validate(contact_person, "contact_person", max_length=MAX_NAME_LENGTH),
            phone=phones.checked(phone, "phone"),
            address=validate(address, "address", max_length=MAX_ADDRESS_LENGTH, multiline=True),
            time_zone=_time_zone(time_zone),
        )


def checked_plan_code(value: str) -> str:
    """A plan code in the form that billing uses; whether the plan exists is for billing to decide."""
    if not _PLAN_CODE.fullmatch(value):
        raise InvalidInput(
            "plan_code must be a plan's code, such as PRO: capital letters, digits and _", field="plan_code"
        )
    return value


def _time_zone(value: str) -> str:
    name = value.strip() or DEFAULT_TIME_ZONE
    if not is_time_zone(name):
        raise InvalidInput(
            "time_zone is unknown: give an IANA name, such as Europe/Berlin, or leave it empty for UTC",
            field="time_zone",
        )
    return name
