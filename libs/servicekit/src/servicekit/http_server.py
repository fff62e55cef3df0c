"""HTTP: uvicorn as one task of a process, a cap on bodies before anything reads them, health routes."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping

import structlog
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.errors import TooLarge
from servicekit.http_protocol import BoundedHeadProtocol
from servicekit.malformed import WithoutUvicornLines
from servicekit.settings import ListenAddress

log = structlog.get_logger()

Check = Callable[[], Awaitable[None]]
STOP_GRACE = 3
BODY_DEADLINE = 30.0  # seconds a body may take to arrive
LONGEST_LENGTH = 20  # digits of a Content-Length


class BodyLimit:
    """Reads a request's body before anything else does, at most `limit` bytes of it within `deadline` seconds.

    A form with files (multipart/form-data) may have `files` bytes instead: one without is parsed byte by byte.
    The application sees the request once it is there as a whole, so whatever it decides is true at that moment.
    Pure ASGI on purpose: the framework's own middleware base has returned connections with an open transaction when
    a request was cancelled. A declared length is refused at once; a chunked body when it passes the limit.
    """

    def __init__(self, app: ASGIApp, *, limit: int, files: int | None = None, deadline: float = BODY_DEADLINE) -> None:
        self._app = app
        self._limit = limit
        self._files = limit if files is None else files
        self._deadline = deadline

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        has_files = headers.get(b"content-type", b"").lower().startswith(b"multipart/form-data")
        limit = self._files if has_files else self._limit
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or len(declared) > LONGEST_LENGTH or int(declared) > limit:
            await _too_large(limit, scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._deadline):
                body = await _read(receive, limit)
        except TooLarge:
            await _too_large(limit, scope, receive, send)
        except TimeoutError:
            message = f"The request did not arrive within {self._deadline:g} seconds; send it again"
            await _refuse(408, message, scope, receive, send)
        else:
            if body is None:
                log.debug("the client hung up", path=scope["path"])
                return
            await self._pass_on(body, scope, receive, send)

    async def _pass_on(self, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        given = False

        async def replay() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)


async def _read(receive: Receive, limit: int) -> bytes | None:
    """None: the client is gone. TooLarge."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise TooLarge(f"a request may have at most {limit} bytes")
        if not message.get("more_body"):
            return b"".join(parts)


async def _too_large(limit: int, scope: Scope, receive: Receive, send: Send) -> None:
    await _refuse(413, f"a request may have at most {limit} bytes", scope, receive, send)


async def _refuse(code: int, message: str, scope: Scope, receive: Receive, send: Send) -> None:
    headers = {"connection": "close"}
    await JSONResponse({"status": False, "message": message}, code, headers)(scope, receive, send)


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


def _without_hang_ups(app: ASGIApp) -> ASGIApp:
    """The application; a client that hangs up while its request is read is no error of it."""

    async def quiet(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except ClientDisconnect:
            log.debug("the client hung up", path=scope["path"])

    return quiet


_WITHOUT_UVICORN_LINES = WithoutUvicornLines()


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
        _without_hang_ups(app),
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
    logging.getLogger("uvicorn.error").addFilter(_WITHOUT_UVICORN_LINES)
    log.info("serving HTTP", listen=listener.getsockname())
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
