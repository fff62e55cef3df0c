"""Problem documents (RFC 9457), the refusals of the native API. `gateway.api.refusals` lists their kinds."""

from collections.abc import Mapping

from starlette.responses import Response

from servicekit.errors import AppError, http_status
from servicekit.problems import problem
from tracking.access.rules.directory import Verdict

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

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        errors: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.retry_after = (retry_after or _RETRY_AFTER) if status in (429, 503) else None

    def response(self) -> Response:
        """The HTTP response."""
        headers = {"www-authenticate": _CHALLENGES.get(self.kind, KEY_CHALLENGE)} if self.status == 401 else {}
        return problem(
            self.status, self.kind, self.detail, errors=self.errors, retry_after=self.retry_after, headers=headers
        )


def from_error(error: AppError) -> Problem:
    """The refusal for an error."""
    return Problem(
        http_status(error), error.code.value, error.message, errors=error.by_field, retry_after=error.retry_after
    )


def from_verdict(verdict: Verdict) -> Problem:
    """The refusal of a company without access."""
    status, kind = _VERDICTS[verdict]
    return Problem(status, kind, verdict.value, retry_after=2)


def from_framework(status: int, detail: str) -> Problem:
    """The refusal of a request that matches no route or has an invalid body."""
    kind, said = _OF_FRAMEWORK.get(status, ("invalid_input", detail))
    return Problem(status, kind, said)
