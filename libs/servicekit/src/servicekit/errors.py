"""The one contract for errors that cross a boundary: a code from one table, the field concerned, and a message.

gRPC carries them as `google.rpc.Status` (`servicekit.rpc_status`), HTTP as `application/problem+json`
(`servicekit.problems`), pages beside the field. No reader derives a meaning from the words of a message.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class ErrorCode(StrEnum):
    """What went wrong, for programs. The names are part of the public interface and never change."""

    INVALID_INPUT = "invalid_input"
    NOT_AUTHENTICATED = "not_authenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    REFUSED = "refused"
    TOO_LARGE = "too_large"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class AppError(Exception):
    """Base of all errors that a caller may see. `message` says what is wrong and what to do about it."""

    code: ClassVar[ErrorCode] = ErrorCode.INTERNAL

    def __init__(
        self,
        message: str,
        *,
        field: str = "",
        errors: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        """`field`: the input concerned, by the caller's name for it. `errors`: a message for each of several inputs.

        `retry_after`: seconds after which a repetition may succeed.
        """
        super().__init__(message)
        self.message = message
        self.field = field
        self.by_field: Mapping[str, str] = errors or ({field: message} if field else {})
        self.retry_after = retry_after


class InvalidInput(AppError):
    """The request can never succeed as it is."""

    code = ErrorCode.INVALID_INPUT


class NotAuthenticated(AppError):
    """The caller has not proved its identity."""

    code = ErrorCode.NOT_AUTHENTICATED


class Forbidden(AppError):
    """The caller is known and lacks the permission."""

    code = ErrorCode.FORBIDDEN


class NotFound(AppError):
    """The resource does not exist, or the caller may not know that it does."""

    code = ErrorCode.NOT_FOUND


class Conflict(AppError):
    """The request contradicts something that exists already."""

    code = ErrorCode.CONFLICT


class Refused(AppError):
    """The current state does not allow the request."""

    code = ErrorCode.REFUSED


class TooLarge(AppError):
    """The request is larger than the limit."""

    code = ErrorCode.TOO_LARGE


class RateLimited(AppError):
    """The caller sent too many requests; it may repeat this one after `retry_after`."""

    code = ErrorCode.RATE_LIMITED


class Unavailable(AppError):
    """A dependency does not respond. Nothing was stored; the caller may repeat the request."""

    code = ErrorCode.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Transport:
    """How one code appears: the HTTP status, the name of the gRPC status code, the title of a page."""

    http_status: int
    grpc_code: str
    title: str


TRANSPORT: Mapping[ErrorCode, Transport] = {
    ErrorCode.INVALID_INPUT: Transport(400, "INVALID_ARGUMENT", "Invalid input"),
    ErrorCode.NOT_AUTHENTICATED: Transport(401, "UNAUTHENTICATED", "Sign-in required"),
    ErrorCode.FORBIDDEN: Transport(403, "PERMISSION_DENIED", "Not allowed"),
    ErrorCode.NOT_FOUND: Transport(404, "NOT_FOUND", "Not found"),
    ErrorCode.CONFLICT: Transport(409, "ALREADY_EXISTS", "Conflict"),
    ErrorCode.REFUSED: Transport(409, "FAILED_PRECONDITION", "Not possible now"),
    ErrorCode.TOO_LARGE: Transport(413, "OUT_OF_RANGE", "Too large"),
    ErrorCode.RATE_LIMITED: Transport(429, "RESOURCE_EXHAUSTED", "Too many requests"),
    ErrorCode.UNAVAILABLE: Transport(503, "UNAVAILABLE", "Temporarily unavailable"),
    ErrorCode.INTERNAL: Transport(500, "INTERNAL", "Internal error"),
}

CLASSES: Mapping[ErrorCode, type[AppError]] = {kind.code: kind for kind in AppError.__subclasses__()}


def http_status(error: AppError) -> int:
    """The HTTP status of an error."""
    return TRANSPORT[error.code].http_status
