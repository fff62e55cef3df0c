"""Two companies with rows in every table, and each role's way into the database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.tokens import token_digest
from mailer.queue import queue_mail
from servicekit.database import create_engine
from servicekit.errors import NotAuthenticated
from servicekit.ids import new_id
from services.tracking.tests.fixtures.platform import NewTenant, Tenant
from tracking.company.rules.screenshot_retention import Retention
from tracking.company.store import screenshot_retention
from tracking.company.use_cases.company_settings import change_settings
from tracking.db.store.scope import companies_scope, company_scope
from tracking.devices.store import key_use
from tracking.devices.use_cases.authenticate import Authenticator
from tracking.ingest.fastpath.store.packing import Packer
from tracking.ingest.fastpath.store.writer import IngestWriter
from tracking.ingest.rules.upload_reader import UploadReader
from tracking.publishing.messages import company_month_event
from tracking.screenshots.store import screenshots
from tracking.screenshots.store.screenshots import Screenshot
from tracking.sessions.store import sessions
from tracking.sessions.use_cases.lifecycle import start_session
from tracking.sign_in.store import password_resets, shown_once, sign_in_choices
from tracking.sign_in.use_cases.log_in import log_in
from tracking.sign_in.use_cases.workspace_sign_in import sign_in
from tracking.tasks.use_cases.tasks import assign_task
from tracking.totals.use_cases import fold_company
from tracking.workspace.rules.editing import Editor
from tracking.workspace.rules.submissions import Submission
from tracking.workspace.rules.visitors import Ticket

TABLES = (
    "activity",
    "company",
    "company_day",
    "company_settings",
    "device",
    "device_hour",
    "employee",
    "employee_day",
    "fold_queue",
    "form_submission",
    "key_use",
    "known_place",
    "mail",
    "outbox",
    "password_reset",
    "password_reset_request",
    "quarantine",
    "screenshot",
    "screenshot_retention",
    "shown_once",
    "sign_in_attempt",
    "sign_in_choice",
    "storage_use",
    "task",
    "usage_record",
    "work_session",
    "workspace_session",
)


@pytest.fixture(autouse=True)
def no_attempts_of_other_tests() -> None:
    """Instead of the one that deletes them: the two companies have rows in every table, for all of these tests."""


@pytest.fixture(scope="session")
def tables() -> tuple[str, ...]:
    """All that hold companies' rows."""
    return TABLES


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "table" in metafunc.fixturenames:
        metafunc.parametrize("table", TABLES)


@pytest.fixture(scope="module")
async def two_companies(
    new_tenant: NewTenant,
    engine: AsyncEngine,
    heartbeat: AsyncEngine,
    environment: dict[str, str],
    superuser: AsyncEngine,
) -> tuple[UUID, UUID]:
    """Their ids; both have rows in every table."""
    tenants = [await new_tenant(), await new_tenant()]
    writer = IngestWriter(environment["TRACKING_INGEST_DATABASE_URL"])
    for tenant in tenants:
        await _fill(tenant, engine, heartbeat, writer)
    await writer.close()
    async with superuser.connect() as connection:
        for table in TABLES:
            found = set((await connection.execute(text(f"SELECT company_id FROM {table}"))).scalars())
            assert found >= {tenant.company_id for tenant in tenants}, table
    return tenants[0].company_id, tenants[1].company_id


async def _fill(tenant: Tenant, engine: AsyncEngine, heartbeat: AsyncEngine, writer: IngestWriter) -> None:
    now = datetime.now(UTC)
    then = now - timedelta(hours=1)
    account = {"email": tenant.people[0], "password": tenant.password, "origin": "desktop"}
    signed_in = await log_in(engine, tenant.company_id, **account, now=then)
    device = await Authenticator(engine).device(tenant.company_id, signed_in.token)
    assert device is not None
    number = (await start_session(engine, tenant.company_id, device, desktop_time=now, now=now)).number
    sent = Submission("key", device.employee_id, "/team/1", {})
    task: dict[str, Any] = {
        "title": "Write",
        "description": "",
        "due_date": None,
        "assigned_by": device.employee_id,
        "now": now,
    }
    task["submission"] = sent
    await assign_task(engine, tenant.company_id, employee_number=device.employee_number, **task)
    editor = Editor(device.employee_id, 0)
    await change_settings(engine, tenant.company_id, editor=editor, name="Acme", colour="#000000", target_hours="8")
    async with companies_scope(heartbeat, [tenant.company_id]) as tx:
        await key_use.saw_devices(tx, [(tenant.company_id, device.device_id, b"digest", now)])
    async with company_scope(engine, tenant.company_id) as tx:
        session = await sessions.by_number(tx, number)
        assert session is not None
        taken = Screenshot(new_id(), device.employee_id, session.session_id, now, 1920, 1080, 1000)
        assert await screenshots.insert(tx, tenant.company_id, taken, now)
        assert await screenshots.take_storage(tx, tenant.company_id, taken.stored_bytes, quota=10_000)
        await screenshot_retention.put(tx, tenant.company_id, Retention(30))
    with pytest.raises(NotAuthenticated):
        await log_in(engine, tenant.company_id, **account | {"password": "guess"}, now=now)
    for seconds in (30, 0):  # the second claim is invalid and quarantined
        report = UploadReader(device.employee_id, logged_in_at=then, clock_offset=timedelta()).read(
            applications=[{"app_name": "Editor", "active_seconds": seconds, "created_at": str(now)}],
            websites=[],
            activities=[{"minute_type": "ACTIVE", "duration_seconds": seconds, "created_at": str(now)}],
            received_at=now,
        )
        upload = Packer(tenant.company_id, device.employee_id, device.device_id).pack(report)
        await writer.write([upload])
    await fold_company(engine, tenant.company_id, company_month_event)
    await writer.write([upload])
    await start_session(engine, tenant.company_id, device, desktop_time=now, now=now)  # waits in the queue
    ticket = await sign_in(engine, **account, now=now)
    assert isinstance(ticket, Ticket)
    async with company_scope(engine, tenant.company_id) as tx:
        choice: dict[str, Any] = {
            "digest": b"digest",
            "employee_id": device.employee_id,
            "password_hash": "",
            "now": now,
        }
        await sign_in_choices.insert(tx, tenant.company_id, **choice, expires_at=now + timedelta(minutes=5))
        await queue_mail(tx, to=tenant.admin, subject="Hello", body="")
        await password_resets.ask(tx, tenant.company_id, account=b"a", origin=b"o", email=tenant.admin)
        link: dict[str, Any] = {"token_digest": b"t", "employee_id": device.employee_id, "time": timedelta(hours=1)}
        await password_resets.save(tx, tenant.company_id, **link)
        shown = link | {"token_digest": token_digest(ticket.token), "seed": b"s"}
        await shown_once.insert(tx, tenant.company_id, new_id(), **shown)


@pytest.fixture(scope="module")
async def ingest(environment: dict[str, str]) -> AsyncIterator[AsyncEngine]:
    """The insert-only role."""
    engine = create_engine(environment["TRACKING_INGEST_DATABASE_URL"], name="isolation-tests", pool_size=1)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="module")
async def owner(environment: dict[str, str]) -> AsyncIterator[AsyncEngine]:
    """The role that migrates."""
    engine = create_engine(environment["TRACKING_MIGRATION_DATABASE_URL"], name="isolation-tests", pool_size=1)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="module")
def row_of(superuser: AsyncEngine) -> Callable[[str, UUID], Awaitable[tuple[str, str]]]:
    """`await row_of(table, company_id)`: one of its rows as JSON text, and the columns that can be written."""

    async def read(table: str, company_id: UUID) -> tuple[str, str]:
        columns = text("""
            SELECT string_agg(column_name, ', ') FROM information_schema.columns
            WHERE table_name = :table AND is_identity = 'NO'
        """)
        row = text(f"SELECT CAST(to_jsonb(t) AS text) FROM {table} t WHERE company_id = :id LIMIT 1")
        async with superuser.connect() as connection:
            names = (await connection.execute(columns, {"table": table})).scalar_one()
            return (await connection.execute(row, {"id": company_id})).scalar_one(), names

    return read
