"""A second portal beside the platform's, with a recording of everything it receives, logs and sends."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import nats
from nats.aio.msg import Msg

from tenantry_ops.ports import free_port
from testkit.waiting import eventually
from tests.platform.rpc_recorder import Recorder, recorder
from tests.platform.running import Running

SUBJECTS = ("tenancy.v1.>", "billing.v1.>", "usage.v1.>")


@dataclass
class ListeningPortal:
    """`url` is its address, `log` its log, `outbox` the folder of the e-mails of all portals of the platform."""

    url: str
    log: Path
    outbox: Path
    recorders: list[Recorder]
    messages: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def mails(self) -> list[Path]:
        """Returns the e-mails that either portal has sent."""
        return sorted(self.outbox.glob("*.eml"))

    def everything(self) -> Iterator[tuple[str, bytes]]:
        """Returns everything received, published, logged and mailed since its start, as place and bytes."""
        for made in self.recorders:
            yield from made.heard
        yield from self.messages
        yield "log", self.log.read_bytes()
        for mail in self.mails:
            yield mail.name, mail.read_bytes()


@asynccontextmanager
async def listening_portal(running: Running, files: Path) -> AsyncIterator[ListeningPortal]:
    """Starts the portal with the platform portal's database and feed, at the most verbose log level."""
    async with AsyncExitStack() as stack:
        tenancy, tenancy_address = await stack.enter_async_context(recorder(running, "tenancy"))
        billing, billing_address = await stack.enter_async_context(recorder(running, "billing"))
        listen = f"127.0.0.1:{free_port()}"
        portal = ListeningPortal(
            f"http://{listen}", files / "portal.log", running.home.root / "mail", [tenancy, billing]
        )
        await stack.enter_async_context(_messages(running, portal.messages))
        environment = {
            **running.environment_of("portal"),
            "PORTAL_LISTEN": listen,
            "PORTAL_PUBLIC_URL": portal.url,
            "PORTAL_TENANCY_ADDRESS": tenancy_address,
            "PORTAL_BILLING_ADDRESS": billing_address,
            "PORTAL_MAIL_URL": portal.outbox.as_uri(),
            "LOG_LEVEL": "DEBUG",
        }
        await stack.enter_async_context(_process(environment, portal.log))
        async with httpx.AsyncClient(base_url=portal.url) as http:
            await eventually(lambda: _ready(http))
        yield portal


@asynccontextmanager
async def _process(environment: dict[str, str], log: Path) -> AsyncIterator[None]:
    program = str(Path(sys.executable).with_name("tenantry-owner-portal"))
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(program, "serve", env=environment, stdout=file, stderr=file)
        try:
            yield
        finally:
            process.terminate()
            await process.wait()


@asynccontextmanager
async def _messages(running: Running, found: list[tuple[str, bytes]]) -> AsyncIterator[None]:
    """Records every version of every message, because the compacted stream keeps only the newest."""

    async def note(message: Msg) -> None:
        found.append((message.subject, repr((message.subject, message.headers)).encode() + message.data))

    client = await nats.connect(running.platform.nats_url("operator"), inbox_prefix=b"_INBOX_operator")
    try:
        for subject in SUBJECTS:
            await client.subscribe(subject, cb=note)
        await client.flush()
        yield
    finally:
        await client.close()


async def _ready(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False
