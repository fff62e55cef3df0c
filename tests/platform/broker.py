"""Attempts of NATS users. The broker reports refusals to the connection, not to the call."""

from collections.abc import Awaitable, Callable

import nats
from nats.aio.client import Client

from testkit.waiting import eventually


async def may_publish(url: str, subject: str) -> bool:
    """Returns whether the user of the URL may publish on the subject, with an empty payload."""
    return await _allowed(url, lambda client: client.publish(subject, b""))


async def may_subscribe(url: str, subject: str) -> bool:
    """Returns whether the user of the URL may subscribe to the subject."""

    async def subscribe(client: Client) -> None:
        await client.subscribe(subject)

    return await _allowed(url, subscribe)


async def _allowed(url: str, attempt: Callable[[Client], Awaitable[None]]) -> bool:
    """Makes the attempt, then one that is always refused; the broker answers in order."""
    refusals: list[str] = []

    async def refused(error: Exception) -> None:
        refusals.append(str(error).lower())

    client = await nats.connect(url, error_cb=refused, allow_reconnect=False)
    try:
        await attempt(client)
        await client.publish("refused.for.certain", b"")
        await client.flush()
        await eventually(lambda: any("refused.for.certain" in refusal for refusal in refusals))
    finally:
        await client.close()
    assert all("permissions violation" in refusal for refusal in refusals), refusals
    return len(refusals) == 1
