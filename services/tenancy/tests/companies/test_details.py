"""Rules for a customer's details."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import InvalidInput
from tenancy.actions.rules import Action
from tenancy.companies.rules.details import CompanyDetails, checked_plan_code
from text_rules.zones import time_zones

VALID = {
    "name": "Acme",
    "email": "it@acme.example",
    "contact_person": "Ada Lovelace",
    "phone": "+49 30 1234567",
    "address": "1 Main St\nBerlin",
    "time_zone": "Europe/Berlin",
}


def checked(**changes: Any) -> CompanyDetails:
    return CompanyDetails.checked(**(VALID | changes))


def test_good_details_are_kept() -> None:
    assert checked() == CompanyDetails(**VALID)


def test_only_name_and_email_are_needed() -> None:
    details = checked(contact_person="", phone="", address="", time_zone="")
    assert details.time_zone == "UTC"


@pytest.mark.parametrize("value", ["a@b.example", "first.last+tag@sub.domain.example", "ü@münchen.example"])
def test_addresses_that_are_taken(value: str) -> None:
    assert checked(email=value).email == value


@pytest.mark.parametrize(
    "value", ["plain", "@b.example", "a@", "a@b", "a@b.", "a@.example", "a b@c.example", "a@b@c.example", "a@b..c"]
)
def test_addresses_that_are_refused(value: str) -> None:
    with pytest.raises(InvalidInput, match=r"email is not an address: write it like name@example.com"):
        checked(email=value)


@pytest.mark.parametrize("value", ["030-123456", "+1 (555) 010-9999", "12345", ""])
def test_phones_that_are_taken(value: str) -> None:
    assert checked(phone=value).phone == value


@pytest.mark.parametrize("value", ["1234", "call me", "+", "1" * 21, "٣٤٥٦٧٨", "12345x"])
def test_phones_that_are_refused(value: str) -> None:
    with pytest.raises(InvalidInput, match="phone is not a number: write 5 to 20 digits"):
        checked(phone=value)


@pytest.mark.parametrize(
    "value", ["Mars/Olympus", "europe/berlin", "../../etc/passwd", "localtime", "Factory", "UTC+1"]
)
def test_time_zones_that_are_refused(value: str) -> None:
    with pytest.raises(InvalidInput, match="time_zone is unknown: give an IANA name, such as Europe/Berlin"):
        checked(time_zone=value)


@given(st.sampled_from(time_zones()))
def test_every_zone_of_the_database_is_taken(value: str) -> None:
    assert checked(time_zone=value).time_zone == value


@given(st.text(max_size=300), st.sampled_from(sorted(VALID)))
def test_any_text_in_any_field_is_taken_or_refused_by_the_fields_name(value: str, field: str) -> None:
    advice = f"{field} "
    try:
        checked(**{field: value})
    except InvalidInput as refusal:
        advice = refusal.message
    assert advice.startswith(f"{field} ")


@pytest.mark.parametrize("value", ["", "pro", "PRO ", "P" * 33, "PRO\n", "1PRO"])
def test_plan_codes_that_are_refused(value: str) -> None:
    with pytest.raises(InvalidInput, match="plan_code must be a plan's code, such as PRO"):
        checked_plan_code(value)


def test_an_action_names_somebody() -> None:
    assert Action.checked(actor=" owner@tenantry.example ", reason="").actor == "owner@tenantry.example"
    with pytest.raises(InvalidInput, match=r"action.actor is missing"):
        Action.checked(actor=" ", reason="why not")


def test_a_reason_can_be_demanded() -> None:
    Action("owner@tenantry.example", "unpaid").demand_reason("suspending the company")
    with pytest.raises(InvalidInput, match=r"action.reason is missing: say why you are suspending the company"):
        Action("owner@tenantry.example", "").demand_reason("suspending the company")
