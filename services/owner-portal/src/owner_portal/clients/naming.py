"""Silence has a name: the owner is told which service does not answer."""

from collections.abc import Iterator
from contextlib import contextmanager

from servicekit.errors import Unavailable


@contextmanager
def named(service: str) -> Iterator[None]:
    """Raises an Unavailable of the block anew, saying which service it was."""
    try:
        yield
    except Unavailable as error:
        message = f"{service} does not answer at the moment. Try again in a little while."
        raise Unavailable(message, retry_after=error.retry_after) from error
