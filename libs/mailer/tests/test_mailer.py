"""Senders by URL, pauses between attempts, and subjects."""

import unicodedata
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.mail import MAX_PAUSE, one_line, pause_after
from mailer.senders import FolderSender, SmtpSender, open_sender
from servicekit.errors import InvalidInput

FROM = "Tenantry <portal@tenantry.example>"


def test_a_url_selects_the_sender() -> None:
    sender = open_sender("smtps://me%40here:p%3Aw@relay.example", from_address=FROM)
    assert sender == SmtpSender("relay.example", 465, "smtps", FROM, "me@here", "p:w")
    assert "p:w" not in repr(sender)
    assert open_sender("file:///var/mail%20out", from_address=FROM) == FolderSender(Path("/var/mail out"), FROM)
    for url in ("", "file:", "smtp:", "pigeon://roof"):
        with pytest.raises(InvalidInput, match="TRACKING_MAIL_URL must be"):
            open_sender(url, from_address=FROM, setting="TRACKING_MAIL_URL")


@given(st.integers(1, 10**6))
def test_pauses_grow_to_an_hour(attempts: int) -> None:
    assert timedelta(minutes=1) <= pause_after(attempts) <= pause_after(attempts + 1) <= MAX_PAUSE


@given(st.text())
def test_a_subject_is_one_line(given_text: str) -> None:
    line = one_line(given_text)
    assert "".join(sign for sign in line if unicodedata.category(sign) != "Cf").isprintable()


def test_a_subject_keeps_isolating_characters() -> None:
    assert one_line("New: \u2068\u05d0\u2069,\r\n seats") == "New: \u2068\u05d0\u2069, seats"
