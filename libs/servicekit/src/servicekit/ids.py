"""Identifiers: UUIDv7, so that keys made one after another lie beside each other in an index."""

from uuid import UUID

from uuid_utils import uuid7

from servicekit.errors import InvalidInput


def new_id() -> UUID:
    """A new UUIDv7."""
    return UUID(bytes=uuid7().bytes)


def parse_id(text: str, what: str) -> UUID:
    """The UUID written in `text`; InvalidInput names `what` when there is none."""
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(f"{what} must be a UUID") from None
