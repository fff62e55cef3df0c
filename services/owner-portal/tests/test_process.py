"""The command line: migrate, create-owner, serve and rebuild as the operator runs them."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import nats
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tracking.v1.usage_pb2 import CompanyDay, CompanyMonth
from servicekit.ids import new_id
from testkit.waiting import eventually

PROGRAM = str(Path(sys.executable).with_name("tenantry-owner-portal"))
TODAY = datetime.now(UTC).date()
ROWS = text("SELECT * FROM company_day ORDER BY company_id, day")
SUMS = text("SELECT u.active_30, d.active_seconds FROM company_usage u, platform_day d ORDER BY company_id, day")


def command(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *arguments], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
async def serving(environment: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    process = await asyncio.create_subprocess_exec(PROGRAM, "serve", env=environment)
    async with httpx.AsyncClient(base_url=f"http://{environment['PORTAL_LISTEN']}") as client:

        async def ready() -> bool:
            try:
                return (await client.get("/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        await eventually(ready)
        yield client
    process.terminate()
    assert await process.wait() == 0


async def publish(environment: dict[str, str], *, months: int, revision: int) -> None:
    """As tracking does: one message a company and month."""
    client = await nats.connect(environment["TRACKING_NATS_URL"], inbox_prefix=b"_INBOX_tracking")
    for _ in range(months):
        company_id = str(new_id())
        day = CompanyDay(day=TODAY.day, revision=revision, active_seconds=60, storage_bytes=5, seats_used=1)
        message = CompanyMonth(company_id=company_id, year=TODAY.year, month=TODAY.month, revision=revision, days=[day])
        await client.jetstream().publish(f"usage.v1.{company_id}.{TODAY:%Y%m}", message.SerializeToString())
    await client.close()


def test_migrate_may_be_repeated(environment: dict[str, str]) -> None:
    result = command(environment, "migrate")
    assert result.returncode == 0, result.stderr


async def test_create_owner(environment: dict[str, str], serving: httpx.AsyncClient) -> None:
    for password in ("first long password", "second long password"):
        result = command(
            environment | {"PORTAL_OWNER_PASSWORD": password}, "create-owner", "--email", "Boss@tenantry.example"
        )
        assert result.returncode == 0, result.stderr
    statuses = [
        (await serving.post("/owner/login/", json={"email": "boss@tenantry.example", "password": password})).status_code
        for password in ("first long password", "second long password")
    ]
    assert statuses == [401, 200]
    third = environment | {"PORTAL_OWNER_PASSWORD": "third long password"}
    kept = command(third, "create-owner", "--if-missing", "--email", "boss@tenantry.example")
    assert (kept.returncode, kept.stdout) == (0, "boss@tenantry.example is already an owner.\n")
    reset = command(third, "create-owner", "--reset-second-factor", "--email", "boss@tenantry.example")
    assert reset.returncode == 0, reset.stderr
    body = {"email": "boss@tenantry.example", "password": "third long password"}
    assert (await serving.post("/owner/login/", json=body)).status_code == 200
    refused = command(environment | {"PORTAL_OWNER_PASSWORD": "short"}, "create-owner", "--email", "a@b.example")
    assert refused.returncode == 1
    assert "password must have" in refused.stderr


async def test_rebuild_equals_the_live_model(
    environment: dict[str, str],
    service_environment: Callable[..., dict[str, str]],
    serving: httpx.AsyncClient,
    engine: AsyncEngine,
) -> None:
    assert (await serving.get("/healthz")).status_code == 200
    await publish(service_environment("tracking"), months=20, revision=3)

    async def arrived() -> bool:
        async with engine.begin() as tx:
            return len((await tx.execute(ROWS)).all()) == 20

    await eventually(arrived)
    async with engine.begin() as tx:
        live = (await tx.execute(ROWS)).all()
        sums = (await tx.execute(SUMS)).all()
        await tx.execute(text("UPDATE company_day SET active_seconds = 7, revision = 99"))
        await tx.execute(text("UPDATE platform_day SET active_seconds = 7"))
        await tx.execute(text("UPDATE company_usage SET active_30 = 7"))
    result = command(environment, "rebuild")
    assert result.returncode == 0, result.stderr
    assert "20 of 20 months read" in result.stdout
    async with engine.begin() as tx:
        assert (await tx.execute(ROWS)).all() == live
        assert (await tx.execute(SUMS)).all() == sums
