"""Texts and reasons that people type in: what is wrong with them."""

from collections.abc import Mapping

from text_rules import lines

UNREADABLE = "\ufffd"  # stands for what is no text: a NUL byte, half a character
LONGEST_REASON = 500


def text_problem(text: str, longest: int) -> str | None:
    """What is wrong with a text; None when it will do."""
    if UNREADABLE in text:
        return f"Remove the character shown as {UNREADABLE}: it is no text."
    if len(text) > longest:
        return f"Use at most {longest} characters."
    wrong = lines.problem(text, most=longest, multiline=True)
    return f"It {wrong}." if wrong else None


def read_reason(given: Mapping[str, str]) -> str:
    """The reason for an action as one line."""
    return lines.tidy(" ".join(given.get("reason", "").split()))


def reason_problem(reason: str) -> str | None:
    """What is wrong with the reason given for an action that needs one; None when it will do."""
    return text_problem(reason, LONGEST_REASON) if reason else "Say why: the reason is kept in the audit trail."
