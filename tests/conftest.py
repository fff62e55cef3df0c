"""Fixtures of the cross-service tests: one running platform; each test creates its own companies."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.platform.company import Company, Found, found
from tests.platform.owner import Owner
from tests.platform.running import Running

# Python forks to run commands as other users; gRPC's fork handlers sometimes crash the child.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"


@pytest.fixture(scope="session")
def running(engine_folder: Path) -> Iterator[Running]:
    """The platform: PostgreSQL, NATS, four services, two gateway workers, no demo."""
    platform = Running(engine_folder / "platform")
    try:
        platform.up()
        yield platform
    finally:
        platform.command("down")


@pytest.fixture(autouse=True)
def no_attempts_of_other_tests(request: pytest.FixtureRequest) -> None:
    """Clears the sign-in throttle, because all tests sign in from one address."""
    if "running" in request.fixturenames:
        running: Running = request.getfixturevalue("running")
        running.execute("tracking", "DELETE FROM sign_in_attempt")


@pytest.fixture(scope="session")
async def owner(running: Running) -> AsyncIterator[Owner]:
    """The owner, signed in."""
    secrets = running.platform.secrets
    async with httpx.AsyncClient(base_url=running.portal, timeout=30) as http:
        yield await Owner.sign_in(http, secrets.owner_email, secrets.owner_password)


@pytest.fixture(scope="session")
async def found_company(running: Running, owner: Owner) -> AsyncIterator[Found]:
    """`await found_company("Acme", people=3)` creates a company with an admin and three employees."""
    async with AsyncExitStack() as stack:

        async def make(name: str, **how: Any) -> Company:
            company = await found(running, owner, name, **how)
            stack.push_async_callback(company.workspace.aclose)
            return company

        yield make
