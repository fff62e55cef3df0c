"""HTTP: uvicorn as one task of a process, a cap on bodies before anything reads them, health routes."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping

import structlog
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.errors import TooLarge
from servicekit.http_protocol import BoundedHeadProtocol
from servicekit.settings import ListenAddress

log = structlog.get_logger()

Check = Callable[[], Awaitable[None]]
STOP_GRACE = 3


class BodyLimit:
    """Ends a request whose body is longer than `limit` bytes while it streams, before parsing and authentication.

    Pure ASGI on purpose: the framework's own middleware base has returned connections with an open transaction when
    a request was cancelled. A declared length is refused at once; a chunked body when it passes the limit.
    """

    def __init__(self, app: ASGIApp, *, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._limit:
            await self._refuse(scope, receive, send)
            return
        seen = 0
        started = False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._limit:
                raise TooLarge(f"a request may have at most {self._limit} bytes")
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except TooLarge:
            if started:
                raise
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = {"status": False, "message": f"a request may have at most {self._limit} bytes"}
        await JSONResponse(body, 413, headers={"connection": "close"})(scope, receive, send)


def health_routes(checks: Mapping[str, Check]) -> list[Route]:
    """`/healthz`: the process lives. `/readyz`: every dependency answers, else 503 naming those that do not."""

    async def live(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def ready(_request: Request) -> JSONResponse:
        missing = []
        for name, check in checks.items():
            try:
                await check()
            except Exception as error:
                log.warning("not ready", dependency=name, error=repr(error))
                missing.append(name)
        body = {"status": "unavailable" if missing else "ok", "missing": missing}
        return JSONResponse(body, 503 if missing else 200)

    return [Route("/healthz", live), Route("/readyz", ready)]


class _Server(uvicorn.Server):
    """Leaves the signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(listen: ListenAddress) -> socket.socket:
    """A listening socket that several processes may share by inheriting it. OSError when the address is taken."""
    host, _, port = listen.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol by name: asyncio sets TCP_NODELAY only where it reads there that this is TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, int(port)))
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(True)
    listener.listen(2048)
    return listener


async def serve(app: ASGIApp, listener: socket.socket, protocol: type[asyncio.Protocol] = BoundedHeadProtocol) -> None:
    """Serves until cancelled, then lets running requests end."""
    config = uvicorn.Config(
        app,
        http=protocol,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=STOP_GRACE,
        timeout_keep_alive=30,
        proxy_headers=False,
        ws="none",
    )
    server = _Server(config)
    log.info("serving HTTP", listen=listener.getsockname())
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
