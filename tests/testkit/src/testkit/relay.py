"""A mail relay that records e-mails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Relay:
    """`refusal` is the reply to every recipient; empty: recipients are accepted."""

    url: str = ""
    refusal: str = ""
    taken: list[EmailMessage] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accepts or refuses a recipient."""
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Records a mail."""
        content = envelope.content
        assert isinstance(content, bytes)
        self.taken.append(message_from_bytes(content, policy=policy.default))
        return "250 OK"


@asynccontextmanager
async def running_relay(*, smtputf8: bool = False) -> AsyncIterator[Relay]:
    """Runs a relay on a free port; clients must not block the thread of this event loop."""
    relay = Relay()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(relay, loop=loop, enable_SMTPUTF8=smtputf8), "127.0.0.1", 0)
    async with server:
        relay.url = f"smtp-plain://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield relay
