"""The native API as an ASGI application: company key, body size, then the call; errors are problem documents."""

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from servicekit.database import CONNECTION_ERRORS
from servicekit.errors import AppError
from tracking.devices.api import native as devices
from tracking.devices.api.native import device_of
from tracking.gateway.api.context import Native
from tracking.gateway.api.openapi import PATH as DESCRIPTION
from tracking.gateway.api.openapi import describe
from tracking.ingest.api import sync
from tracking.protocols.calls import Caller, admitted, utc_now
from tracking.protocols.large_bodies import SMALL_BODY
from tracking.protocols.problems import Problem, from_error, from_framework
from tracking.protocols.transport import Body, ClientGone, Inbound, TooSlow, answer
from tracking.screenshots.api import native as screenshots
from tracking.sign_in.api import native as sign_in
from tracking.tasks.api import native as tasks

log = structlog.get_logger()

BODY_DEADLINE = 30.0  # seconds a request may take to arrive
MAX_BODY_BYTES = 64 * 1024


class NativeApi:
    """Serves `/v1/…`."""

    def __init__(self, native: Native) -> None:
        self._native = native
        self._app = _framework(native)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        inbound = Inbound(receive)
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            response = await self._answer(scope, inbound, watched)
        except ClientGone:
            return
        except Exception as error:
            response = None if started else _problem(error, scope["path"]).response()
        if response is not None:
            headers = [header for header in response.raw_headers if header[0] != b"content-length"]
            await answer(inbound, send, response.status_code, headers, bytes(response.body))

    async def _answer(self, scope: Scope, inbound: Inbound, send: Send) -> Response | None:
        """The response; None if the framework has sent it."""
        if scope["path"] == DESCRIPTION:
            await self._app(scope, inbound, send)
            return None
        caller = await self._admit(scope)
        declared = dict(scope["headers"]).get(b"content-length")
        body = Body(inbound, declared, limit=_largest_body(scope["path"]), deadline=BODY_DEADLINE)
        if body.expected <= SMALL_BODY:
            return await self._call(scope, body, caller, send)
        await device_of(self._native, caller)  # before megabytes of body are read: the credential is in the head
        async with self._native.gateway.body_admission.of(caller.company.company_id, body.expected):
            return await self._call(scope, body, caller, send)

    async def _call(self, scope: Scope, arriving: Body, caller: Caller, send: Send) -> Response | None:
        """The response once the body has arrived; None if the framework has sent it."""
        await arriving.read()
        # Checked again after the body: the company may have been suspended while it arrived.
        admitted(await self._native.admission.decide(caller.key_text, utc_now()))
        body = bytes(arriving)
        if scope["path"] != sync.PATH:
            await self._app({**scope, "state": {"caller": caller}}, _replay(body), send)
            return None
        if scope["method"] != "POST":
            raise from_framework(405, "")
        encoding = dict(scope["headers"]).get(b"content-encoding", b"").decode("latin-1")
        return await sync.sync(self._native, caller, body, encoding)

    async def _admit(self, scope: Scope) -> Caller:
        headers = dict(scope["headers"])
        key_text = headers.get(b"x-company-key")
        now = utc_now()
        company, entitlement, key = admitted(await self._native.admission.decide(key_text, now))
        self._native.gateway.heartbeats.company(company.company_id, now)
        origin = scope["client"][0] if scope.get("client") else ""
        authorization = headers.get(b"authorization", b"").decode("latin-1")
        # The arrival of the head: the agent read its clock before it sent the body, which may take long.
        return Caller(company, entitlement, key, key_text or b"", authorization, origin, now)


def _largest_body(path: str) -> int:
    if path == sync.PATH:
        return sync.MAX_BODY_BYTES
    return screenshots.MAX_BODY_BYTES if path.startswith(screenshots.PATH) else MAX_BODY_BYTES


def description() -> bytes:
    """The response of `/v1/openapi.json`, without a gateway."""
    return describe(_routes())


def _routes() -> FastAPI:
    app = FastAPI(openapi_url=None, redirect_slashes=False, generate_unique_id_function=lambda route: route.name)
    for router in (sign_in.router, devices.router, tasks.router, screenshots.router):
        app.include_router(router)
    return app


def _framework(native: Native) -> FastAPI:
    app = _routes()
    app.state.native = native
    app.add_exception_handler(Exception, _on_error)
    for kind in (AppError, Problem, RequestValidationError, HTTPException, *CONNECTION_ERRORS):
        app.add_exception_handler(kind, _on_error)
    document = describe(app)

    async def description(_request: Request) -> Response:
        return Response(document, media_type="application/json")

    app.add_route(DESCRIPTION, description)
    return app


async def _on_error(request: Request, error: Exception) -> Response:
    return _problem(error, request.url.path).response()


def _problem(error: Exception, path: str) -> Problem:
    if isinstance(error, Problem):
        problem = error
    elif isinstance(error, AppError):
        problem = from_error(error)
    elif isinstance(error, TooSlow):
        problem = Problem(408, "too_slow", str(error))
    elif isinstance(error, RequestValidationError):
        problem = from_framework(400, _first(error))
    elif isinstance(error, HTTPException):
        problem = from_framework(error.status_code, str(error.detail))
    elif isinstance(error, CONNECTION_ERRORS):
        log.warning("database unavailable", path=path, error=repr(error))
        problem = Problem(503, "unavailable", "The service is temporarily unavailable; no data is lost, try again")
    else:
        log.error("call failed", path=path, exc_info=error)
        problem = Problem(500, "internal", "Internal error; it has been logged, and no data is lost")
    return problem


def _first(error: RequestValidationError) -> str:
    """The first validation error, without the rejected value, which may be a password."""
    found = error.errors()[0]
    return f"{'.'.join(str(part) for part in found['loc'])}: {found['msg']}"


def _replay(body: bytes) -> Receive:
    """An ASGI `receive` for a body that has been read."""
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return left.pop() if left else {"type": "http.disconnect"}

    return receive
