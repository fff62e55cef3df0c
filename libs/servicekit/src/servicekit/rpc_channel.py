"""A gRPC channel that goes on with a new certificate: it opens another connection when its identity is renewed."""

import asyncio
from collections.abc import Callable
from typing import Any, Self

import grpc

CLOSE_SECONDS = 30.0  # for calls that run on the previous connection

Open = Callable[[], grpc.aio.Channel]


class RenewingChannel:
    """Has what generated stubs and the health service's use of a channel.

    gRPC's Python library reads a client's certificate once. A server may therefore refuse the next connection of a
    channel that lives longer than its certificate.
    """

    def __init__(self, open_: Open, is_renewed: Callable[[], bool]) -> None:
        """`open_` opens a connection with the newest certificate; `is_renewed` says when there is another one."""
        self._open = open_
        self._is_renewed = is_renewed
        self._channel = open_()
        self._closing: set[asyncio.Task[None]] = set()

    def current(self) -> grpc.aio.Channel:
        """Returns the connection for the next call."""
        if self._is_renewed():
            closing = asyncio.create_task(self._channel.close(CLOSE_SECONDS))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            self._channel = self._open()
        return self._channel

    def unary_unary(self, method: str, *arguments: Any, **options: Any) -> Callable[..., Any]:
        """Returns the method; each call uses the newest connection."""
        return self._method("unary_unary", method, *arguments, **options)

    def unary_stream(self, method: str, *arguments: Any, **options: Any) -> Callable[..., Any]:
        """The same for a method with many responses, as the health service has one."""
        return self._method("unary_stream", method, *arguments, **options)

    def _method(self, kind: str, *arguments: Any, **options: Any) -> Callable[..., Any]:
        opened: grpc.aio.Channel | None = None
        behaviour: Any = None

        def call(request: Any, **settings: Any) -> Any:
            nonlocal opened, behaviour
            channel = self.current()
            if channel is not opened:
                opened, behaviour = channel, getattr(channel, kind)(*arguments, **options)
            return behaviour(request, **settings)

        return call

    async def channel_ready(self) -> None:
        """Waits until a connection is established."""
        await self.current().channel_ready()

    async def close(self, grace: float | None = None) -> None:
        """Ends all connections, after `grace` seconds for calls that run."""
        for closing in self._closing:
            closing.cancel()
        await self._channel.close(grace)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
