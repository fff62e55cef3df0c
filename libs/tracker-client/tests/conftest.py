"""Fixtures: a recording server, a client and a desktop."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from testkit.recorder import Recorder
from tracker_client import Desktop, TrackerClient

LOGIN = {
    "status": True,
    "data": {
        "id": 7,
        "name": "Mira Pebblewick",
        "email": "mira@larkspur.example",
        "company_id": 3,
        "active_token": "token-1",
        "toddays_worked_time": "00:00:00",
        "toddays_active_time": "00:00:00",
        "toddays_inactive_time": "00:00:00",
        "task_note": None,
    },
}
KEY = "company_" + "0" * 32


@pytest_asyncio.fixture
async def recorder() -> AsyncIterator[Recorder]:
    """Listen on a free port of the loopback interface."""
    recorder = Recorder()
    recorder.answers["/api/login"] = (200, LOGIN)
    recorder.answers["/api/work-session/create"] = (200, {"status": True, "message": "Started", "data": {"id": 41}})
    server = await asyncio.start_server(recorder.serve, "127.0.0.1", 0)
    recorder.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api"
    yield recorder
    server.close()
    await server.wait_closed()


@pytest_asyncio.fixture
async def client(recorder: Recorder) -> AsyncIterator[TrackerClient]:
    """A client with a key."""
    async with TrackerClient(recorder.address, KEY) as client:
        yield client


@pytest.fixture
def desktop(client: TrackerClient) -> Desktop:
    """A desktop like the real one, at nine o'clock."""
    return Desktop(client, datetime(2026, 3, 2, 9, tzinfo=UTC))
