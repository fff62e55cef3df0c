"""The demo's data in run.json and its input for tracking."""

import json
import stat
from pathlib import Path

from tenantry_ops.demo.companies import COMPANIES, people
from tenantry_ops.demo.run_file import RunFile
from tenantry_ops.demo.seed import seed_entry


def test_companies_are_merged_into_the_run_file(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"gateway": "http://gateway.example"}))
    run = RunFile(tmp_path)
    run.put_company({"name": "One", "seeded": False})
    run.put_company({"name": "Two", "seeded": False})
    run.put_company({"name": "One", "seeded": True})
    assert run.companies() == [{"name": "Two", "seeded": False}, {"name": "One", "seeded": True}]
    assert run.read()["gateway"] == "http://gateway.example"
    assert stat.S_IMODE((tmp_path / "run.json").stat().st_mode) == 0o600


def test_there_is_nothing_before_the_first_start(tmp_path: Path) -> None:
    assert RunFile(tmp_path).companies() == []


def test_trackings_input_contains_names_passwords_and_days() -> None:
    company = COMPANIES[0]
    employees = [{"email": person.email, "password": "pass"} for person in people(company)]
    admin = {"email": f"admin@{company.domain}", "password": "word"}
    told = json.loads(json.dumps(seed_entry(company, {"id": "id-1", "admin": admin, "employees": employees})))
    assert (told["company_id"], told["time_zone"]) == ("id-1", "America/New_York")
    assert told["admin"] == {"name": company.contact, "email": "admin@larkspur.example", "password": "word"}
    assert told["employees"][0] == {"name": people(company)[0].name, **employees[0]}
    day = told["history"][0]
    assert day["employee"] in {employee["email"] for employee in employees}
    assert all(type(start) is int and type(seconds) is int for start, seconds, _ in day["spans"])
