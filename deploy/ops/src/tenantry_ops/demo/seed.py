"""Fills an empty platform through its public interfaces, once: tenancy, then billing and tracking."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tenantry_ops.certificates import Certificates
from tenantry_ops.demo import billing
from tenantry_ops.demo.companies import COMPANIES, Company, people
from tenantry_ops.demo.history import WorkDay, history, last_sign
from tenantry_ops.demo.run_file import RunFile
from tenantry_ops.demo.tenancy import Tenancy, connect, report_sync
from tenantry_ops.files import write_private
from tenantry_ops.home import Home


def seed(home: Path, tenancy_address: str, billing_address: str) -> None:
    """Creates the companies that run.json does not list yet, so that the next run completes an interrupted one.

    Raises `grpc.RpcError` from tenancy and billing, and `subprocess.CalledProcessError` from tracking.
    """
    run = RunFile(home)
    certificates = Certificates(Home(home).certificates)
    with connect(tenancy_address, certificates) as tenancy:
        known = {entry["name"] for entry in run.companies()}
        for company in COMPANIES:
            if company.name not in known:
                # Stored before the next company is created, because tenancy returns a key only once.
                run.put_company(_create(tenancy, company))
        unfinished = {entry["name"]: entry for entry in run.companies() if not entry["seeded"]}
        companies = [company for company in COMPANIES if company.name in unfinished]
        if not companies:
            return
        seeds = [seed_entry(company, unfinished[company.name]) for company in companies]
        _hand_to_tracking(home / "demo-history.json", seeds)
        signs = {unfinished[company.name]["id"]: last_sign(company, history_of(company)) for company in companies}
        report_sync(tenancy_address, certificates, {id_: at for id_, at in signs.items() if at is not None})
        with billing.connect(billing_address, certificates) as subscriptions:
            for company in companies:
                if company.pays:
                    subscriptions.convert(unfinished[company.name]["id"])
        for company in companies:
            if company.story == "suspended":
                tenancy.suspend(unfinished[company.name]["id"])
            run.put_company({**unfinished[company.name], "seeded": True})


def seed_entry(company: Company, entry: dict[str, Any]) -> dict[str, Any]:
    """Returns tracking's input for one company: its people with their passwords, and their days."""
    names = {person.email: person.name for person in people(company)}
    return {
        "company_id": entry["id"],
        "time_zone": company.time_zone,
        "admin": {"name": company.contact, **entry["admin"]},
        "employees": [{"name": names[employee["email"]], **employee} for employee in entry["employees"]],
        "history": [
            {
                "employee": work_day.employee,
                "day": work_day.day.isoformat(),
                "spans": [list(span) for span in work_day.spans],
                "sessions": work_day.sessions,
            }
            for work_day in history_of(company)
        ],
    }


def history_of(company: Company) -> list[WorkDay]:
    """Returns the days before the company's current date."""
    return history(company, datetime.now(ZoneInfo(company.time_zone)).date())


def _create(tenancy: Tenancy, company: Company) -> dict[str, Any]:
    company_id, key = tenancy.create(company)
    admin, *employees = _accounts([f"admin@{company.domain}", *(person.email for person in people(company))])
    return {
        "id": company_id,
        "name": company.name,
        "key": key,
        "admin": admin,
        "employees": employees,
        "seeded": False,
    }


def _accounts(emails: Iterable[str]) -> list[dict[str, str]]:
    return [{"email": email, "password": secrets.token_urlsafe(12)} for email in emails]


def _hand_to_tracking(file: Path, seeds: list[dict[str, Any]]) -> None:
    write_private(file, json.dumps(seeds))
    try:
        command = Path(sys.executable).with_name("tenantry-tracking")
        subprocess.run([command, "seed-demo", "--file", file], check=True)
    finally:
        file.unlink()
