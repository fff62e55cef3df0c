"""An HTTP server: uvicorn as a task of the process, a limit on bodies, health routes."""

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
from servicekit.lifecycle import is_draining
from servicekit.malformed import WithoutUvicornLines
from servicekit.settings import ListenAddress

log = structlog.get_logger()

Check = Callable[[], Awaitable[None]]
STOP_GRACE_SECONDS = 3
BODY_DEADLINE_SECONDS = 30.0
MAX_CONTENT_LENGTH_DIGITS = 20


class BodyLimit:
    """Middleware that reads a request's body, at most `limit` bytes within `deadline` seconds, before the application.

    A form with files (multipart/form-data) may have `files` bytes instead; other forms are parsed byte by byte. The
    application receives the request only when it is complete, so its decisions are based on the state of that moment. A
    declared length above the limit is refused at once, a chunked body when it exceeds the limit. This is pure ASGI on
    purpose: with the framework's middleware base, cancelled requests returned connections with an open transaction.
    """

    def __init__(
        self, app: ASGIApp, *, limit: int, files: int | None = None, deadline: float = BODY_DEADLINE_SECONDS
    ) -> None:
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
        if not declared.isdigit() or len(declared) > MAX_CONTENT_LENGTH_DIGITS or int(declared) > limit:
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
                log.debug("client disconnected", path=scope["path"])
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
    """Returns the body; None if the client disconnected. Raises TooLarge."""
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
    """`/healthz`: the process runs. `/readyz`: every dependency answers, otherwise 503 with the names of the others.

    A process that drains is not ready either.
    """

    async def live(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def ready(_request: Request) -> JSONResponse:
        if is_draining():
            return JSONResponse({"status": "draining", "missing": []}, 503)
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


def _leaving(app: ASGIApp) -> ASGIApp:
    """Wraps the application so that each response closes its connection while the process drains."""

    async def leaving(scope: Scope, receive: Receive, send: Send) -> None:
        async def last(message: Message) -> None:
            if message["type"] == "http.response.start" and is_draining():
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await app(scope, receive, last)

    return leaving


def _without_disconnects(app: ASGIApp) -> ASGIApp:
    """Wraps the application so that a client that disconnects during its request is not logged as an error."""

    async def quiet(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except ClientDisconnect:
            log.debug("client disconnected", path=scope["path"])

    return quiet


_WITHOUT_UVICORN_LINES = WithoutUvicornLines()


class _Server(uvicorn.Server):
    """uvicorn's server without signal handlers; the process handles signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(listen: ListenAddress) -> socket.socket:
    """Returns a listening socket that child processes may inherit. Raises OSError if the address is taken."""
    host, _, port = listen.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The explicit protocol matters: asyncio sets TCP_NODELAY only if the socket declares TCP.
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
    """Serves until cancelled, then waits for running requests."""
    config = uvicorn.Config(
        _leaving(_without_disconnects(app)),
        http=protocol,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=STOP_GRACE_SECONDS,
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
