"""The codes of a second factor: RFC 6238, six digits, thirty seconds, as every authenticator app shows them."""

import hmac
from datetime import UTC, datetime

import pyotp

ISSUER = "Tenantry"
_DRIFT = (0, -1, 1)  # a code may be a step old or early: clocks differ, and people need time to type


def new_secret() -> str:
    """160 random bits in base 32."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, email: str) -> str:
    """What an authenticator app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def step_of(secret: str, code: str) -> int | None:
    """The step, counted in thirty seconds since 1970, whose code this is; None when it is none of about now."""
    totp = pyotp.TOTP(secret)
    present = totp.timecode(datetime.now(UTC))
    given = code.encode("utf-8", "surrogatepass")
    for drift in _DRIFT:
        if hmac.compare_digest(totp.generate_otp(present + drift).encode(), given):
            return present + drift
    return None
