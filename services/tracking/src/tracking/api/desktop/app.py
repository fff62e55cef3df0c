"""The gateway's door, as a plain ASGI application: a framework's routing and models would cost more than the calls.

In this order, so that a stranger costs nothing: the company's key, the body's size, its JSON, the token.
"""

import asyncio
import time
from contextlib import suppress

import structlog
from starlette.types import Message, Receive, Scope, Send

from servicekit.database import DATABASE_AWAY
from servicekit.errors import AppError, InvalidInput, TooLarge
from tracking.api.desktop.calls import ENDPOINTS, Endpoint, utc_now
from tracking.api.desktop.context import Call, Gateway
from tracking.api.desktop.wire import Reply, from_error, ok, read_object, refusal
from tracking.domain.access import Access, AccessDirectory, Verdict
from tracking.domain.company_keys import is_key
from tracking.feed.access_sync import AccessSync

log = structlog.get_logger()

LINGER, LINGER_BYTES = 0.5, 64 * 1024  # seconds; more than that is nobody's honest request
BODY_DEADLINE = 30.0  # seconds a request may take to arrive: the tracker's own time-out
LONGEST_ASK = 1.0  # seconds a call waits for tenancy and billing: trackers call on the thread of their window
_CODES = {
    Verdict.KEY_MISSING: 401,
    Verdict.KEY_INVALID: 401,
    Verdict.SUSPENDED: 403,
    Verdict.EXPIRED: 403,
    Verdict.UNCONFIRMED: 503,
}


class _Inbound:
    """What arrives of a request; `complete` once nothing more will."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.complete = False

    async def __call__(self) -> Message:
        message = await self._receive()
        self.complete = not message.get("more_body")  # also when the client is gone
        return message


class ClientGone(Exception):
    """The connection ended before the request did."""


class DesktopApi:
    """Serves `/` and `/api/…`."""

    def __init__(self, gateway: Gateway, directory: AccessDirectory, sync: AccessSync) -> None:
        self._gateway = gateway
        self._directory = directory
        self._sync = sync

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        inbound = _Inbound(receive)
        path = scope["path"].rstrip("/")
        endpoint = ENDPOINTS.get(path)
        try:
            if not path and scope["method"] in ("GET", "HEAD"):
                reply = ok("Tenantry tracking gateway")
            elif endpoint is None:
                reply = refusal(404, "There is no such call")
            elif scope["method"] != endpoint.method:
                reply = refusal(405, f"Use {endpoint.method}")
            else:
                reply = await self._answer(endpoint, scope, inbound)
        except ClientGone:
            return
        except DATABASE_AWAY as error:
            log.warning("database does not answer", path=path, error=repr(error))
            reply = refusal(503, "The service is not available right now; nothing is lost, try again", retry_after=1)
        except Exception:
            log.exception("call failed", path=path)
            reply = refusal(500, "Internal error; it has been logged and nothing is lost")
        await _send(inbound, send, reply)

    async def _answer(self, endpoint: Endpoint, scope: Scope, receive: Receive) -> Reply:
        headers = dict(scope["headers"])
        access = await self._access(headers.get(b"x-company-key"))
        company, entitlement, key = access.company, access.entitlement, access.key
        if access.verdict is not Verdict.ALLOWED or company is None or entitlement is None or key is None:
            return _refused(endpoint, access)
        try:
            body = await _read_body(receive, headers.get(b"content-length"), endpoint.largest_body)
            now = utc_now()
            self._gateway.life.company(company.company_id, now)
            authorization = headers.get(b"authorization", b"").decode("latin-1")
            origin = scope["client"][0] if scope.get("client") else ""
            fields = read_object(body) if endpoint.has_body else {}
            call = Call(company, entitlement, key, fields, authorization, origin, now)
            return await endpoint.run(self._gateway, call)
        except AppError as error:
            return endpoint.refused(from_error(error))
        except RecursionError:  # the decoder goes a little deeper than what reads its result
            return refusal(400, "the body must not be nested so deep; no tracker's is")

    async def _access(self, key: bytes | None) -> Access:
        access = self._directory.decide(key, now=utc_now(), monotonic=time.monotonic())
        if access.verdict is Verdict.UNCONFIRMED or (access.verdict is Verdict.KEY_INVALID and is_key(key)):
            # Perhaps the company is a second old, or tenancy has just come back: ask before refusing.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._sync.refresh(), LONGEST_ASK)
            access = self._directory.decide(key, now=utc_now(), monotonic=time.monotonic())
        return access


def _refused(endpoint: Endpoint, access: Access) -> Reply:
    retry_after = 2 if access.verdict is Verdict.UNCONFIRMED else None
    reply = refusal(_CODES[access.verdict], access.verdict.value, retry_after=retry_after)
    # A wrong key is refused everywhere; a suspended or expired company's poll and stop must end the tracking.
    return endpoint.refused(reply) if access.company else reply


async def _read_body(receive: Receive, declared: bytes | None, limit: int) -> bytes:
    """The whole body. TooLarge as soon as it is known to be; no more than `limit` bytes are ever held."""
    if declared and (not declared.isdigit() or int(declared) > limit):
        raise TooLarge(f"a request to this path may have at most {limit} bytes")
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_DEADLINE):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if size > limit:
                    raise TooLarge(f"a request to this path may have at most {limit} bytes")
                if not message.get("more_body"):
                    return b"".join(chunks)
    except TimeoutError:
        raise InvalidInput(f"the request did not arrive within {BODY_DEADLINE:.0f} seconds") from None


async def _send(receive: _Inbound, send: Send, reply: Reply) -> None:
    body = reply.encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *reply.headers]
    closes = reply.code in (400, 401, 413)  # the body may still be on its way, unread
    if closes:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": reply.code, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": closes})
    if closes:
        if not receive.complete:
            await _linger(receive)
        await send({"type": "http.response.body", "body": b""})


async def _linger(receive: _Inbound) -> None:
    """Reads on for a moment: a connection that is closed with unread data is reset, and the answer may get lost."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            seen = 0
            while not receive.complete and seen < LINGER_BYTES:
                seen += len((await receive()).get("body", b""))
