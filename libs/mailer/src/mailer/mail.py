"""An e-mail, and how often and how long its delivery is repeated."""

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

MIN_PAUSE = timedelta(minutes=1)
MAX_PAUSE = timedelta(hours=1)
MAX_AGE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Mail:
    """A queued e-mail. `attempts` counts failed deliveries. The body may contain a link that grants access."""

    mail_id: UUID
    recipient: str
    subject: str
    body: str = field(repr=False)
    queued_at: datetime
    attempts: int


def pause_after(attempts: int) -> timedelta:
    """Returns the pause after so many failed attempts: a minute, doubling up to an hour."""
    return min(MIN_PAUSE * (1 << min(attempts - 1, 10)), MAX_PAUSE)


def is_given_up(mail: Mail, now: datetime) -> bool:
    """Returns whether a mail that failed again is abandoned."""
    return now - mail.queued_at >= MAX_AGE


def one_line(text: str) -> str:
    """Returns the text without line breaks and other control characters, as a subject requires.

    Format characters stay, because some scripts need them and they isolate names from the surrounding text.
    """
    return " ".join("".join(sign if _fits(sign) else " " for sign in text).split())


def _fits(sign: str) -> bool:
    return sign.isprintable() or unicodedata.category(sign) == "Cf"
