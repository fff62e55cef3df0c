"""The status of an answer that refuses."""

from servicekit.errors import HTTP_STATUS, AppError


def http_status(error: AppError) -> int:
    """The status of an error, or of the nearest kind that it is one of."""
    return next(HTTP_STATUS[kind] for kind in type(error).__mro__ if kind in HTTP_STATUS)
