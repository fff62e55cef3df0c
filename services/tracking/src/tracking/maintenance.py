"""Operators' commands over all companies, with one transaction for each company."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from getpass import getpass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.database import create_engine
from servicekit.errors import Conflict, NotFound
from tracking import settings
from tracking.access.client.billing import BillingClient
from tracking.access.client.tenancy import TenancyClient
from tracking.access.rules.company_keys import Peppers
from tracking.access.rules.directory import AccessDirectory
from tracking.access.worker import AccessSync
from tracking.checking.use_cases.import_history import ImportedSpan, import_history
from tracking.checking.use_cases.reconcile import reconcile
from tracking.checking.use_cases.recount import recount
from tracking.db.store.scope import company_scope
from tracking.people import store as employees
from tracking.people.use_cases import add_employee, set_up_company
from tracking.publishing.messages import company_month_event
from tracking.publishing.use_cases import rebuild_feed
from tracking.sign_in.use_cases import unlock_sign_in
from tracking.sign_in.use_cases.reset_by_mail import recover_admin
from tracking.totals.rules.timeline import ActivityKind
from tracking.totals.use_cases import fold_company

log = structlog.get_logger()

_KINDS = {"ACTIVE": ActivityKind.ACTIVE, "INACTIVE": ActivityKind.IDLE}


class UnlimitedSeats:
    """Unlimited seats, for demonstration data."""

    async def refresh(self) -> None:
        """Does nothing."""

    def now(self) -> int:
        """More seats than anybody needs."""
        return sys.maxsize


async def reconcile_all(config: settings.MaintenanceSettings) -> None:
    """Compares every company's totals with its raw rows. Prints each difference; exit code 1 if there is any."""
    engine, dispatch = _engines(config)
    differences = days = 0
    for company_id in await employees.companies(dispatch):
        found = await reconcile(engine, company_id, company_month_event)
        days += found.employee_days
        differences += len(found.differences)
        for difference in found.differences:
            _say(f"{company_id}: {difference}")
    _say(f"{days} employee days compared, {differences} differences")
    await engine.dispose()
    await dispatch.dispose()
    if differences:
        raise SystemExit(1)


async def recount_all(config: settings.MaintenanceSettings) -> None:
    """Recomputes every company's days; prints each company that had wrong days."""
    engine, dispatch = _engines(config)
    for company_id in await employees.companies(dispatch):
        if days := await recount(engine, company_id, company_month_event):
            _say(f"{company_id}: {days} days corrected")
    _say("all days are added up; reconcile tells whether they are right")
    await engine.dispose()
    await dispatch.dispose()


async def sign_ins(config: settings.MaintenanceSettings, *, lift: str | None) -> None:
    """Lists blocked sign-ins; with `lift`, an e-mail or network address, resets its counts."""
    engine, dispatch = _engines(config)
    if lift:
        await unlock_sign_in.lift(engine, dispatch, lift)
        _say(f"{lift} may sign in again")
    else:
        async for line in unlock_sign_in.list_blocked(engine, dispatch):
            _say(line)
    await engine.dispose()
    await dispatch.dispose()


async def rebuild_all(config: settings.MaintenanceSettings) -> None:
    """Appends every month of every company to the outbox; the aggregator's relay publishes them."""
    engine, dispatch = _engines(config)
    months = 0
    for company_id in await employees.companies(dispatch):
        months += await rebuild_feed(engine, company_id, company_month_event)
    _say(f"{months} months wait in the outbox to be published")
    await engine.dispose()
    await dispatch.dispose()


def read_key() -> str:
    """The company key from the terminal, without echo, or from standard input. Arguments are visible in the process
    list.
    """
    return (getpass("Company key: ") if sys.stdin.isatty() else sys.stdin.readline()).strip()


async def recover(config: settings.RecoverySettings, *, email: str, key: str) -> None:
    """Prints a link that sets the password of a company's admin; the log records that it was made, and for whom.

    NotFound: no company has this key, or the company has no active admin with this e-mail. Unavailable: tenancy does
    not respond.
    """
    engine = create_engine(config.database_url, name="tracking-recover-admin")
    tenancy, billing = TenancyClient(config.tenancy_address, config), BillingClient(config.billing_address, config)
    directory = AccessDirectory(Peppers(*config.peppers()))
    sync = AccessSync(directory, tenancy, billing)
    try:
        await sync.refresh()
        await sync.check_confirmed()
        company = directory.find(key.encode(), datetime.now(UTC))
        if company is None:
            raise NotFound("No company has this key; check that it was copied whole")
        made = await recover_admin(
            engine,
            company.company_id,
            email=email,
            workspace_url=config.workspace_url,
            sends_mail=bool(config.mail_url),
        )
    finally:
        await tenancy.close()
        await billing.close()
        await engine.dispose()
    log.info(
        "recovery link made",
        company_id=str(company.company_id),
        employee=made.employee_number,
        expires_at=made.expires_at.isoformat(),
    )
    _say(f"This link sets the password of {email}. It can be used once, until {made.expires_at:%H:%M} UTC:")
    _say(made.link)


async def seed_demo(config: settings.CommandSettings, companies: Sequence[Mapping[str, Any]]) -> None:
    """Fills companies with employees and history; existing data stays unchanged."""
    engine = create_engine(config.database_url, name="tracking-seed-demo")
    for company in companies:
        await _seed_company(engine, company)
        _say(f"{len(company['employees'])} employees, {len(company['history'])} days of history")
    await engine.dispose()


async def _seed_company(engine: AsyncEngine, company: Mapping[str, Any]) -> None:
    company_id, time_zone = UUID(company["company_id"]), company["time_zone"]
    with suppress(Conflict):
        await set_up_company(engine, company_id, seats=UnlimitedSeats(), time_zone=time_zone, **company["admin"])
    days: dict[str, dict[date, list[ImportedSpan]]] = {}
    for entry in company["history"]:
        stretches = [ImportedSpan(start, seconds, _KINDS[kind]) for start, seconds, kind in entry["spans"]]
        days.setdefault(entry["employee"], {})[date.fromisoformat(entry["day"])] = stretches
    for person in company["employees"]:
        with suppress(Conflict):
            await add_employee(engine, company_id, seats=UnlimitedSeats(), **person)
        async with company_scope(engine, company_id) as tx:
            account = await employees.by_email(tx, person["email"])
        if account is not None:
            worked = days.get(person["email"], {})
            await import_history(engine, company_id, account.employee_id, time_zone=time_zone, days=worked)
    while await fold_company(engine, company_id, company_month_event):
        pass


def _engines(config: settings.MaintenanceSettings) -> tuple[AsyncEngine, AsyncEngine]:
    return (
        create_engine(config.database_url, name="tracking-maintenance"),
        create_engine(config.dispatch_database_url, name="tracking-maintenance-dispatch", pool_size=1),
    )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
