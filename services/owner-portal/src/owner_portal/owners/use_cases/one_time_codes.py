"""Time-based one-time codes (RFC 6238): six digits, 30 seconds."""

import hmac
from datetime import UTC, datetime

import pyotp

ISSUER = "Tenantry"
_DRIFT = (0, -1, 1)  # one step of tolerance for clocks and typing


def new_secret() -> str:
    """160 random bits in base 32."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, email: str) -> str:
    """The otpauth URI for the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def step_of(secret: str, code: str) -> int | None:
    """The time step of this code, in units of 30 seconds since 1970; None: it is not a current code."""
    totp = pyotp.TOTP(secret)
    present = totp.timecode(datetime.now(UTC))
    given = code.encode("utf-8", "surrogatepass")
    for drift in _DRIFT:
        if hmac.compare_digest(totp.generate_otp(present + drift).encode(), given):
            return present + drift
    return None
