"""Texts and reasons that people type in: what is wrong with them."""

from collections.abc import Mapping

from text_rules import lines

UNREADABLE = "\ufffd"  # replaces what is not text: a NUL byte, half a character
MAX_REASON = 500


def text_problem(text: str, max_length: int) -> str | None:
    """The problem of a text; None if it is valid."""
    if UNREADABLE in text:
        return f"Remove the character shown as {UNREADABLE}: it is not text."
    if len(text) > max_length:
        return f"Use at most {max_length} characters."
    wrong = lines.problem(text, max_length=max_length, multiline=True)
    return f"It {wrong}." if wrong else None


def read_reason(given: Mapping[str, str]) -> str:
    """The reason of an action as one line."""
    return lines.tidy(" ".join(given.get("reason", "").split()))


def reason_problem(reason: str) -> str | None:
    """The problem of a required reason; None if it is valid."""
    return text_problem(reason, MAX_REASON) if reason else "Enter a reason: it is recorded in the audit trail."
