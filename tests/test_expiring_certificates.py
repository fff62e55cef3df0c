"""A platform outlives its certificates many times over, under load and with new connections: nothing is refused.

EXPIRY_SECONDS=100 EXPIRY_RUN=600 runs for ten minutes with certificates that are valid for 100 seconds.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from contracts.billing.v1 import billing_pb2, billing_pb2_grpc
from contracts.tenancy.v1 import tenancy_pb2, tenancy_pb2_grpc
from servicekit.rpc_client import call, open_channel
from servicekit.settings import TlsSettings
from tests.platform.company import Company, found
from tests.platform.desktops import account, at_work, session
from tests.platform.owner import Owner
from tests.platform.running import Running
from tracker_client import Window

LIFETIME = float(os.environ.get("EXPIRY_SECONDS", "30"))
RUN = float(os.environ.get("EXPIRY_RUN", "40"))
PAUSE_SECONDS = 0.1


@pytest.fixture
def expiring(engine_folder: Path) -> Iterator[Running]:
    platform = Running(engine_folder / "expiring", CERTIFICATE_DAYS=f"{LIFETIME / 86_400:.8f}")
    try:
        platform.up()
        yield platform
    finally:
        platform.command("down")


@pytest.fixture
async def owner(expiring: Running) -> AsyncIterator[Owner]:
    secrets = expiring.platform.secrets
    async with httpx.AsyncClient(base_url=expiring.portal, timeout=30) as http:
        yield await Owner.sign_in(http, secrets.owner_email, secrets.owner_password)


def identity(running: Running, name: str) -> TlsSettings:
    certificates = running.platform.certificates
    return TlsSettings(
        tls_ca=certificates.authority, tls_cert=certificates.certificate(name), tls_key=certificates.key(name)
    )


@pytest.fixture
async def company(expiring: Running, owner: Owner) -> AsyncIterator[Company]:
    company = await found(expiring, owner, "Campion", people=1)
    yield company
    await company.workspace.aclose()


async def repeat(until: float, name: str, done: Counter[str], one: Callable[[], Awaitable[None]]) -> None:
    while time.monotonic() < until:
        await one()
        done[name] += 1
        await asyncio.sleep(PAUSE_SECONDS)


@pytest.mark.timeout(120 + RUN)
async def test_nothing_is_refused(expiring: Running, owner: Owner, company: Company) -> None:
    desktop = await at_work(company, company.people[0], hours=1)

    async def upload() -> None:
        desktop.tick(1, window=Window("Editor", "notes"))
        rows = desktop.tables.snapshot()
        desktop.tables.clear()
        reply = await desktop.client.upload_activity(account(desktop), session(desktop), rows)
        assert reply.code == 200, reply

    async def page() -> None:  # asks tenancy and billing
        answer = await owner.http.get(f"/owner/company/{company.id}/", headers={"accept": "application/json"})
        assert answer.status_code == 200
        assert answer.json()["keys"]["fresh"], answer.json()["keys"]
        assert answer.json()["history"]["fresh"], answer.json()["history"]

    async def tenancy() -> None:
        async with open_channel(
            expiring.platform.tenancy, identity(expiring, "tracking"), server_name="tenancy"
        ) as channel:
            await call(
                tenancy_pb2_grpc.TenancyServiceStub(channel).ListAccessChanges,
                tenancy_pb2.ListAccessChangesRequest(after_revision=0),
            )

    async def billing() -> None:
        async with open_channel(
            expiring.platform.billing, identity(expiring, "owner-portal"), server_name="billing"
        ) as channel:
            await call(billing_pb2_grpc.BillingServiceStub(channel).ListPlans, billing_pb2.ListPlansRequest())

    async def ready() -> None:
        async with httpx.AsyncClient() as http:
            for url in (expiring.gateway, expiring.workspace, expiring.portal):
                assert (await http.get(f"{url}/readyz")).status_code == 200

    first = expiring.platform.certificates.certificate("tenancy").read_bytes()
    done: Counter[str] = Counter()
    until = time.monotonic() + RUN
    await asyncio.gather(
        *(repeat(until, each.__name__, done, each) for each in (upload, page, tenancy, billing, ready))
    )
    assert min(done.values()) > RUN, done
    assert expiring.platform.certificates.certificate("tenancy").read_bytes() != first
    renewals = (expiring.home.logs / "supervisor.log").read_text().count("renewed the certificates of")
    assert renewals >= RUN // LIFETIME, "it outlived its certificates"
    assert "days" in expiring.command("status").stdout
