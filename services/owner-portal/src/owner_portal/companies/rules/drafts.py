"""The form of a company, validated before tenancy is called."""

from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Self

from owner_portal.directory.rules import CompanyPage
from owner_portal.text.rules import text_problem
from servicekit.errors import InvalidInput
from text_rules import lines, phones
from text_rules.addresses import Address
from text_rules.zones import is_time_zone

MAX_LENGTHS = {"name": 200, "email": 254, "contact_person": 200, "phone": 40, "address": 500}


@dataclass(frozen=True, slots=True)
class CompanyDraft:
    """A company to create or change."""

    name: str
    email: str
    contact_person: str
    phone: str
    address: str
    time_zone: str
    plan_code: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Self:
        """Reads a form or a script's fields; missing fields are empty, a missing time zone is UTC."""
        draft = {
            field.name: lines.tidy(given.get(field.name, ""), multiline=field.name == "address")
            for field in fields(cls)
        }
        return cls(**draft | {"time_zone": draft["time_zone"] or "UTC"})

    @classmethod
    def of(cls, company: CompanyPage) -> Self:
        """The current values of a company."""
        return cls(**{field.name: getattr(company, field.name) or "" for field in fields(cls)})

    def updated(self, given: Mapping[str, str]) -> Self:
        """The current values with the given ones; a script may omit unchanged fields."""
        return self.read(self.details() | {name: given[name] for name in self.details() if name in given})

    def details(self) -> dict[str, str]:
        """All fields except the plan, by name."""
        return {name: value for name, value in asdict(self).items() if name != "plan_code"}

    def changes_from(self, other: Self) -> dict[str, str]:
        """The fields that differ from `other`."""
        before = other.details()
        return {name: value for name, value in self.details().items() if value != before[name]}

    def given(self, names: Container[str]) -> dict[str, str]:
        """The fields with these names."""
        return {name: value for name, value in self.details().items() if name in names}

    def problems(self) -> dict[str, str]:
        """The problem of each invalid field."""
        problems = {name: text_problem(getattr(self, name), max_length) for name, max_length in MAX_LENGTHS.items()}
        found = {name: problem for name, problem in problems.items() if problem}
        if not self.name:
            found["name"] = "Enter the company's name."
        if not _is_email(self.email):
            found.setdefault("email", "Enter an e-mail address such as office@example.com.")
        if self.phone and not _is_phone(self.phone):
            found.setdefault("phone", "Enter 5 to 20 digits, such as +49 30 1234567, or leave this empty.")
        if not is_time_zone(self.time_zone):
            found["time_zone"] = "Choose a time zone from the list, such as Europe/Berlin."
        return found


def _is_email(text: str) -> bool:
    try:
        Address.parse(text)
    except ValueError:
        return False
    return True


def _is_phone(text: str) -> bool:
    try:
        phones.checked(text, "phone")
    except InvalidInput:
        return False
    return True
