"""The desktop protocol as a plain ASGI application: a framework's routing and models would cost more than the calls.

The checks run in the order of their cost for unknown callers: company key, body size, JSON, token.
"""

import structlog
from starlette.types import Receive, Scope, Send

from servicekit.database import CONNECTION_ERRORS
from servicekit.errors import AppError
from tracking.access.api import Admission
from tracking.access.rules.company_keys import CompanyKey
from tracking.access.rules.directory import Access, AccessDirectory, Company, Entitlement, Verdict
from tracking.access.worker import AccessSync
from tracking.gateway.api.context import Gateway
from tracking.gateway.api.endpoints import ENDPOINTS, Endpoint
from tracking.protocols.calls import Call, utc_now
from tracking.protocols.desktop import Reply, from_error, ok, read_object, refusal
from tracking.protocols.large_bodies import SMALL_BODY, START
from tracking.protocols.transport import Body, ClientGone, Inbound, TooSlow, answer

log = structlog.get_logger()

BODY_DEADLINE = 30.0  # seconds a request may take to arrive; equals the tracker's own timeout
_CODES = {
    Verdict.KEY_MISSING: 401,
    Verdict.KEY_INVALID: 401,
    Verdict.SUSPENDED: 403,
    Verdict.EXPIRED: 403,
    Verdict.UNCONFIRMED: 503,
}


class DesktopApi:
    """Serves `/` and `/api/…`."""

    def __init__(self, gateway: Gateway, directory: AccessDirectory, sync: AccessSync) -> None:
        self._gateway = gateway
        self._admission = Admission(directory, sync)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        inbound = Inbound(receive)
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
        except CONNECTION_ERRORS as error:
            log.warning("database unavailable", path=path, error=repr(error))
            reply = refusal(503, "The service is temporarily unavailable; no data is lost, try again", retry_after=1)
        except Exception:
            log.exception("call failed", path=path)
            reply = refusal(500, "Internal error; it has been logged, and no data is lost")
        headers = [(b"content-type", b"application/json"), *reply.headers]
        await answer(inbound, send, reply.code, headers, reply.encode())

    async def _answer(self, endpoint: Endpoint, scope: Scope, receive: Receive) -> Reply:
        headers = dict(scope["headers"])
        key_text = headers.get(b"x-company-key")

        async def confirm() -> None:
            await self._admit(endpoint, key_text)

        try:
            await confirm()  # before any of the body is read
            declared = headers.get(b"content-length")
            body = Body(receive, declared, limit=endpoint.largest_body, deadline=BODY_DEADLINE)
            may_be_large = endpoint.run_large is not None and body.expected > SMALL_BODY
            await body.read(START if may_be_large else None)
            is_large = not body.complete or body.size > SMALL_BODY
            # Checked again after the body: the company may have been suspended while it arrived.
            company, entitlement, key = await self._admit(endpoint, key_text)
            now = utc_now()
            self._gateway.heartbeats.company(company.company_id, now)
            authorization = headers.get(b"authorization", b"").decode("latin-1")
            origin = scope["client"][0] if scope.get("client") else ""
            fields = {} if is_large or not endpoint.has_body else read_object(bytes(body))
            call = Call(company, entitlement, key, body, fields, authorization, origin, now, confirm)
            if is_large and endpoint.run_large is not None:
                return await endpoint.run_large(self._gateway, call)
            return await endpoint.run(self._gateway, call)
        except _Refused as refused:
            return refused.reply
        except AppError as error:
            return endpoint.refused(from_error(error))
        except TooSlow as error:
            return refusal(408, str(error))
        except RecursionError:  # the decoder accepts deeper nesting than the code that reads its result
            return refusal(400, "the body is nested too deeply")

    async def _admit(self, endpoint: Endpoint, key_text: bytes | None) -> tuple[Company, Entitlement, CompanyKey]:
        """The company of the key, its entitlement, and the key. _Refused: the company has no access."""
        access = await self._admission.decide(key_text, utc_now())
        company, entitlement, key = access.company, access.entitlement, access.key
        if access.verdict is not Verdict.ALLOWED or company is None or entitlement is None or key is None:
            raise _Refused(_refused(endpoint, access))
        return company, entitlement, key


class _Refused(Exception):
    """The company has no access."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.code)
        self.reply = reply


def _refused(endpoint: Endpoint, access: Access) -> Reply:
    retry_after = 2 if access.verdict is Verdict.UNCONFIRMED else None
    reply = refusal(_CODES[access.verdict], access.verdict.value, retry_after=retry_after)
    # An unknown key is refused on every path; a poll or stop of a suspended company must end the tracking.
    return endpoint.refused(reply) if access.company else reply
