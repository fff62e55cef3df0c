"""The demo companies fit their plans and are equal at every start."""

import pytest

from tenantry_ops.demo.companies import COMPANIES, Company, people

SEATS = {"FREE": 5, "PRO": 50, "ENTERPRISE": 999}


def test_every_story_plan_and_several_zones_are_there() -> None:
    assert {company.story for company in COMPANIES} == {"busy", "suspended", "silent", "new"}
    assert {company.plan for company in COMPANIES} == set(SEATS)
    assert {"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"} <= {company.time_zone for company in COMPANIES}
    assert len({company.name for company in COMPANIES}) == len(COMPANIES)


@pytest.mark.parametrize("company", COMPANIES, ids=lambda company: company.name)
def test_people_and_their_admin_fit_the_plan(company: Company) -> None:
    employees = people(company)
    assert employees == people(company)
    assert len(employees) + 1 <= SEATS[company.plan]
    assert len({person.email for person in employees}) == len(employees)
    assert all(person.email.endswith(".example") and 0 <= person.joined < 1 for person in employees)
    assert company.story == "new" or sum(person.joined == 0 for person in employees) * 2 > len(employees)
