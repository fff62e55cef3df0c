"""Problem documents (RFC 9457), the refusals of the native API. `gateway.api.refusals` lists their kinds."""

import msgspec
from starlette.responses import Response

from servicekit.errors import AppError, http_status
from tracking.access.rules.directory import Verdict

MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER = 1.0  # seconds, if the error sets none

_VERDICTS = {
    Verdict.KEY_MISSING: (401, "key_missing"),
    Verdict.KEY_INVALID: (401, "key_invalid"),
    Verdict.SUSPENDED: (403, "company_suspended"),
    Verdict.EXPIRED: (403, "company_expired"),
    Verdict.UNCONFIRMED: (503, "unavailable"),
}
KEY_CHALLENGE = 'CompanyKey realm="X-Company-Key"'
_CHALLENGES = {
    "not_authenticated": 'Bearer realm="device", error="invalid_token"',
    "wrong_credentials": 'Password realm="enrolment"',
}
_OF_FRAMEWORK = {
    404: ("not_found", "There is no such call; /v1/openapi.json lists all"),
    405: ("method_not_allowed", "This path has other methods; /v1/openapi.json lists them"),
}


class Problem(Exception):
    """A refusal. `kind` is for programs; `detail` says what is wrong and what to do about it."""

    def __init__(self, status: int, kind: str, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.retry_after = (retry_after or _RETRY_AFTER) if status in (429, 503) else None

    def response(self) -> Response:
        """The HTTP response."""
        body = {"type": "about:blank", "title": title_of(self.kind), "status": self.status}
        headers = {"retry-after": str(max(1, round(self.retry_after)))} if self.retry_after else {}
        if self.status == 401:
            headers["www-authenticate"] = _CHALLENGES.get(self.kind, KEY_CHALLENGE)
        content = msgspec.json.encode(body | {"kind": self.kind, "detail": self.detail})
        return Response(content, self.status, headers, MEDIA_TYPE)


def from_error(error: AppError) -> Problem:
    """The refusal for an error."""
    return Problem(http_status(error), error.code.value, error.message, retry_after=error.retry_after)


def from_verdict(verdict: Verdict) -> Problem:
    """The refusal of a company without access."""
    status, kind = _VERDICTS[verdict]
    return Problem(status, kind, verdict.value, retry_after=2)


def from_framework(status: int, detail: str) -> Problem:
    """The refusal of a request that matches no route or has an invalid body."""
    kind, said = _OF_FRAMEWORK.get(status, ("invalid_input", detail))
    return Problem(status, kind, said)


def title_of(kind: str) -> str:
    """The kind in words."""
    return kind.replace("_", " ").capitalize()
