"""What the owner types in, checked before anything is asked of another service."""

from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Self

from owner_portal.directory.rules.company_page import CompanyPage
from servicekit.errors import InvalidInput
from text_rules import lines, phones
from text_rules.addresses import Address
from text_rules.zones import is_time_zone

UNREADABLE = "\ufffd"  # stands for what is no text: a NUL byte, half a character
LONGEST = {"name": 200, "email": 254, "contact_person": 200, "phone": 40, "address": 500}
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class CompanyDraft:
    """A company that is to be created or changed."""

    name: str
    email: str
    contact_person: str
    phone: str
    address: str
    time_zone: str
    plan_code: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Self:
        """Takes what the form or the script sent; what is missing is empty, a missing time zone is UTC."""
        draft = {
            field.name: lines.tidy(given.get(field.name, ""), multiline=field.name == "address")
            for field in fields(cls)
        }
        return cls(**draft | {"time_zone": draft["time_zone"] or "UTC"})

    @classmethod
    def of(cls, company: CompanyPage) -> Self:
        """The company as it is."""
        return cls(**{field.name: getattr(company, field.name) or "" for field in fields(cls)})

    def updated(self, given: Mapping[str, str]) -> Self:
        """What was sent in place of what is; a script may leave out what stays."""
        return self.read(self.details() | {name: given[name] for name in self.details() if name in given})

    def details(self) -> dict[str, str]:
        """All but the plan, by the names of the fields."""
        return {name: value for name, value in asdict(self).items() if name != "plan_code"}

    def changes_from(self, other: Self) -> dict[str, str]:
        """What is different here."""
        before = other.details()
        return {name: value for name, value in self.details().items() if value != before[name]}

    def given(self, names: Container[str]) -> dict[str, str]:
        """The fields of these names."""
        return {name: value for name, value in self.details().items() if name in names}

    def problems(self) -> dict[str, str]:
        """What is wrong with each field of a company; empty when all is well."""
        problems = {name: text_problem(getattr(self, name), longest) for name, longest in LONGEST.items()}
        found = {name: problem for name, problem in problems.items() if problem}
        if not self.name:
            found["name"] = "Enter the company's name."
        if not _is_email(self.email):
            found.setdefault("email", "Enter an e-mail address such as office@example.com.")
        if self.phone and not _is_phone(self.phone):
            found.setdefault("phone", "Enter 5 to 20 digits, such as +49 30 1234567, or nothing.")
        if not is_time_zone(self.time_zone):
            found["time_zone"] = "Choose a time zone from the list, such as Europe/Berlin."
        return found


def text_problem(text: str, longest: int) -> str | None:
    """What is wrong with a text; None when it will do."""
    if UNREADABLE in text:
        return f"Remove the character shown as {UNREADABLE}: it is no text."
    if len(text) > longest:
        return f"Use at most {longest} characters."
    wrong = lines.problem(text, most=longest, multiline=True)
    return f"It {wrong}." if wrong else None


def read_reason(given: Mapping[str, str]) -> str:
    """The reason for an action as one line."""
    return lines.tidy(" ".join(given.get("reason", "").split()))


def reason_problem(reason: str) -> str | None:
    """What is wrong with the reason given for an action that needs one; None when it will do."""
    return text_problem(reason, LONGEST_REASON) if reason else "Say why: the reason is kept in the audit trail."


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
