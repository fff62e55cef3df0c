"""The errors that cross a boundary. Each has a kind; each transport maps kinds to its own codes once."""

from collections.abc import Mapping


class AppError(Exception):
    """Base of all errors that a caller may see. `message` says what is wrong and what to do about it."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        """`retry_after`: seconds after which the same call may succeed."""
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class InvalidInput(AppError):
    """The request can never succeed as it is."""


class NotAuthenticated(AppError):
    """The caller has not shown who it is."""


class Forbidden(AppError):
    """The caller is known and may not do this."""


class NotFound(AppError):
    """There is no such thing, or none that the caller may know of."""


class Conflict(AppError):
    """It would contradict something that exists already."""


class Refused(AppError):
    """The state of things does not allow it now."""


class TooLarge(AppError):
    """The request has more bytes than are taken."""


class RateLimited(AppError):
    """Too many calls; come again after `retry_after`."""


class Unavailable(AppError):
    """Something that is needed does not answer; nothing was lost, come again."""


HTTP_STATUS: Mapping[type[AppError], int] = {
    InvalidInput: 400,
    NotAuthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Refused: 409,
    TooLarge: 413,
    RateLimited: 429,
    Unavailable: 503,
}
