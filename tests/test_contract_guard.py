"""No field that could identify a person can reach the owner: each is added to a copy and must be found."""

from pathlib import Path

import pytest

from tests.platform.contract_guard import ALLOWED, copied, personal

PROTOS = Path(__file__).parents[1] / "protos"
DAY = "message CompanyDay {\n"
MONTH = "message CompanyMonth {\n"
COMPANY = "message Company {\n"
SUBSCRIPTION = "message Subscription {\n"


def test_the_contracts_identify_nobody(tmp_path: Path) -> None:
    assert personal(copied(PROTOS, tmp_path)) == []


@pytest.mark.parametrize(
    ("file", "message", "field", "found"),
    [
        ("tracking/v1/usage.proto", DAY, "string employee_name = 100;", "tracking.v1.CompanyDay.employee_name"),
        ("tracking/v1/usage.proto", DAY, "repeated string urls = 100;", "tracking.v1.CompanyDay.urls"),
        ("tracking/v1/usage.proto", DAY, "bytes screenshot = 100;", "tracking.v1.CompanyDay.screenshot"),
        ("tracking/v1/usage.proto", DAY, "double score = 100;", "tracking.v1.CompanyDay.score"),
        ("tracking/v1/usage.proto", MONTH, "map<string, uint64> seconds = 100;", "CompanyMonth.SecondsEntry.key"),
        (
            "tracking/v1/usage.proto",
            MONTH,
            "message Person { string email = 1; } repeated Person people = 100;",
            "tracking.v1.CompanyMonth.Person.email",
        ),
        ("tenancy/v1/tenancy.proto", COMPANY, "repeated string employees = 100;", "tenancy.v1.Company.employees"),
        ("billing/v1/billing.proto", SUBSCRIPTION, "string seat_holder = 100;", "billing.v1.Subscription.seat_holder"),
    ],
)
def test_an_added_field_is_found(tmp_path: Path, file: str, message: str, field: str, found: str) -> None:
    changed = copied(PROTOS, tmp_path) / "contracts" / file
    text = changed.read_text()
    assert message in text
    changed.write_text(text.replace(message, f"{message}  {field}\n", 1))
    [name] = personal(tmp_path)
    assert name.endswith(found)


def test_messages_for_trackers_are_not_checked(tmp_path: Path) -> None:
    changed = copied(PROTOS, tmp_path) / "contracts/tenancy/v1/tenancy.proto"
    files = [changed, *changed.parent.glob("*.proto")]
    file = next(file for file in files if "message AccessRecord {\n" in file.read_text())
    file.write_text(file.read_text().replace("message AccessRecord {\n", "message AccessRecord {\n string x = 100;\n"))
    assert personal(tmp_path) == []


@pytest.mark.parametrize("word", ["employee", "window", "url", "task", "title", "application", "session", "device"])
def test_no_allowed_text_uses_trackings_terms(word: str) -> None:
    assert [name for name in ALLOWED if word in name.lower()] == []
