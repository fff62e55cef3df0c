"""UUIDv7 identifiers, which keep consecutive keys adjacent in an index."""

from uuid import UUID

from uuid_utils import uuid7

from servicekit.errors import InvalidInput


def new_id() -> UUID:
    """Returns a new UUIDv7."""
    return UUID(bytes=uuid7().bytes)


def parse_id(text: str, what: str) -> UUID:
    """Returns the UUID in `text`. Raises InvalidInput, which names the field as `what`."""
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(f"{what} must be a UUID") from None
