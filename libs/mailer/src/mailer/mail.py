"""E-mails: what one is, how long and how often it is tried."""

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
LONGEST_TRYING = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail that waits. `attempts` counts the failed ones; the body may hold a link that lets somebody in."""

    mail_id: UUID
    recipient: str
    subject: str
    body: str = field(repr=False)
    queued_at: datetime
    attempts: int


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts: a minute, doubling up to an hour."""
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 10)), LONGEST_PAUSE)


def is_given_up(mail: Mail, now: datetime) -> bool:
    """Whether a mail that failed once more is tried no longer."""
    return now - mail.queued_at >= LONGEST_TRYING


def one_line(text: str) -> str:
    """The text without line breaks and other control characters, as a subject must be.

    Format characters stay: some scripts need them, and they isolate names from the text around them.
    """
    return " ".join("".join(sign if _fits(sign) else " " for sign in text).split())


def _fits(sign: str) -> bool:
    return sign.isprintable() or unicodedata.category(sign) == "Cf"
