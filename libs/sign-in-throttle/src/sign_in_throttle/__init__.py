"""The counts of the sign-in throttle in a service's own database."""

from sign_in_throttle.store import SignInAttempts, Subject

__all__ = ["SignInAttempts", "Subject"]
