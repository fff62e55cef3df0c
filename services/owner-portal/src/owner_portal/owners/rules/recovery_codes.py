"""Recovery codes, for owners without the device of their second factor."""

import base64
import secrets

NUMBER = 10
GROUP = 4
LENGTH = 16  # characters of five bits: 80 bits cannot be found from their digest


def new_recovery_codes() -> list[str]:
    """Ten codes like k3yq-7xbw-…, each good once."""
    return [_grouped(base64.b32encode(secrets.token_bytes(LENGTH * 5 // 8)).decode().lower()) for _ in range(NUMBER)]


def normal_code(typed: str) -> str:
    """A code as people type it, without spaces, dashes and capitals."""
    return "".join(typed.split()).replace("-", "").lower()


def is_recovery_code(code: str) -> bool:
    """Whether a code in its normal form may be one of these; else it can only be one of the second factor."""
    return len(code) == LENGTH


def _grouped(code: str) -> str:
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))
