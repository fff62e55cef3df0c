"""A process that gets SIGTERM serves on for its drain time, not ready; a second signal ends it at once."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import httpx
import pytest

from testkit.waiting import eventually

PROCESS = """
import asyncio, socket, sys
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from servicekit.http_server import bind, health_routes, serve
from servicekit.lifecycle import run_process, run_tasks

async def slow(request):
    await asyncio.sleep(0.3)
    return PlainTextResponse("served")

async def main(drain_seconds):
    listener = bind("127.0.0.1:0")
    print(listener.getsockname()[1], flush=True)
    app = Starlette(routes=[*health_routes({}), Route("/", slow)])
    await run_tasks(serve(app, listener), drain_seconds=drain_seconds)

run_process(main(float(sys.argv[1])))
"""


class Served:
    """A serving process."""

    def __init__(self, process: asyncio.subprocess.Process, http: httpx.AsyncClient) -> None:
        self.process = process
        self.http = http

    async def ends(self) -> float:
        """Waits for the end; returns the seconds until then."""
        began = time.monotonic()
        assert await asyncio.wait_for(self.process.wait(), 20) == 0
        return time.monotonic() - began


Start = Callable[[float], Awaitable[Served]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """`await start(3)` starts a process that drains for three seconds."""
    started: list[Served] = []

    async def start(drain_seconds: float) -> Served:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROCESS, str(drain_seconds)), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        started.append(Served(process, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}")))
        await eventually(lambda: started[-1].http.get("/readyz"), lambda answer: answer.status_code == 200)
        return started[-1]

    yield start
    for each in started:
        await each.http.aclose()
        with suppress(ProcessLookupError):
            each.process.kill()
        await each.process.wait()


async def test_it_serves_on_and_is_not_ready(start: Start) -> None:
    served = await start(2)
    running = asyncio.create_task(served.http.get("/"))
    await asyncio.sleep(0.1)
    served.process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    ready = await eventually(lambda: served.http.get("/readyz"), lambda answer: answer.status_code == 503)
    assert ready.json() == {"status": "draining", "missing": []}
    assert (await served.http.get("/healthz")).status_code == 200
    assert (await running).text == "served"
    answer = await served.http.get("/")
    assert (answer.text, answer.headers["connection"]) == ("served", "close")
    await served.ends()
    assert 1.9 <= time.monotonic() - began < 8


async def test_a_request_at_the_end_of_the_drain_time_is_served(start: Start) -> None:
    served = await start(1)
    served.process.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.85)
    assert (await served.http.get("/")).text == "served"
    await served.ends()


@pytest.mark.parametrize(
    "signals", [[signal.SIGTERM, signal.SIGTERM], [signal.SIGTERM, signal.SIGINT], [signal.SIGINT]]
)
async def test_it_ends_at_once_when_told_twice_or_from_the_keyboard(
    start: Start, signals: list[signal.Signals]
) -> None:
    served = await start(60)
    for number in signals:
        served.process.send_signal(number)
        await asyncio.sleep(0.2)
    assert await served.ends() < 10


async def test_without_a_drain_time_it_ends_at_once(start: Start) -> None:
    served = await start(0)
    served.process.send_signal(signal.SIGTERM)
    assert await served.ends() < 10
