"""What a new password of an owner must be."""

from credentials import preparation
from servicekit.errors import InvalidInput


def check_new_password(password: str, email: str) -> None:
    """InvalidInput: it is too short, too long or too easy to guess."""
    try:
        preparation.check_new_password(password, [email, "tenantry", "owner"])
    except preparation.UnfitPassword as unfit:
        raise InvalidInput(str(unfit)) from None
