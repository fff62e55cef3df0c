"""What the owner types in, checked before anything is asked of another service."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self
from zoneinfo import available_timezones

LONGEST = {"name": 200, "email": 254, "contact_person": 200, "phone": 50, "address": 500}
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class CompanyDraft:
    """A company that is to be created."""

    name: str
    email: str
    contact_person: str
    phone: str
    address: str
    time_zone: str
    plan_code: str

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Self:
        """Takes what the form or the script sent; what is missing is empty, a missing time zone is UTC."""
        draft = {field.name: given.get(field.name, "").strip() for field in fields(cls)}
        return cls(**draft | {"time_zone": draft["time_zone"] or "UTC"})

    def problems(self) -> dict[str, str]:
        """What is wrong with each field; empty when all is well."""
        found = {
            name: f"Use at most {longest} characters."
            for name, longest in LONGEST.items()
            if len(getattr(self, name)) > longest
        }
        if not self.name:
            found["name"] = "Enter the company's name."
        if not _is_email(self.email):
            found["email"] = "Enter an e-mail address such as office@example.com."
        if self.time_zone not in available_timezones():
            found["time_zone"] = "Choose a time zone from the list, such as Europe/Berlin."
        if not self.plan_code:
            found["plan_code"] = "Choose a plan."
        return found


def reason_problem(reason: str) -> str | None:
    """What is wrong with the reason given for an action; None when it will do."""
    if not reason:
        return "Say why: the reason is kept in the audit trail."
    if len(reason) > LONGEST_REASON:
        return f"Use at most {LONGEST_REASON} characters."
    return None


def _is_email(text: str) -> bool:
    local, at, host = text.rpartition("@")
    return bool(at and local and "." in host.strip(".") and text.isprintable() and " " not in text)
