"""The counts of sign-in attempts at owners' accounts."""

from sign_in_throttle import SignInAttempts

ATTEMPTS = SignInAttempts("sign_in_attempt")
