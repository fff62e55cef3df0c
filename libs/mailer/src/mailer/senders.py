"""Senders of e-mails, selected by a URL:

- `console:` sends none and logs that there was one;
- `file:///folder` writes one .eml file each;
- `smtp://user:password@host:587` uses a relay with STARTTLS, `smtps://…:465` one with TLS from the start;
- `smtp-plain://host:25` uses neither, for a relay on the same machine.

User and password are optional; reserved characters of URLs must be percent-encoded.
"""

import asyncio
import os
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import idna
import structlog

from mailer.delivery import Sender
from mailer.mail import Mail
from servicekit.errors import InvalidInput, Refused, Unavailable

log = structlog.get_logger()

RELAY_TIMEOUT_SECONDS = 10.0  # for each reply of the relay
PORTS = {"smtp": 587, "smtps": 465, "smtp-plain": 25}


def open_sender(url: str, *, from_address: str, setting: str = "MAIL_URL") -> Sender:
    """Returns the sender for a URL. Raises InvalidInput, which names the `setting`, if the URL is not supported."""
    parts = urlsplit(url)
    if parts.scheme == "console":
        return LogSender(setting)
    if parts.scheme == "file" and parts.path:
        return FolderSender(Path(unquote(parts.path)), from_address)
    if parts.scheme in PORTS and parts.hostname:
        port = parts.port or PORTS[parts.scheme]
        return SmtpSender(
            parts.hostname,
            port,
            parts.scheme,
            from_address,
            unquote(parts.username or ""),
            unquote(parts.password or ""),
        )
    raise InvalidInput(f"{setting} must be console:, file:///folder, or smtp://, smtps:// or smtp-plain://host")


@dataclass(frozen=True)
class LogSender:
    """Sends nothing, because the `setting` names no relay. Never logs bodies, which may contain links to accounts."""

    setting: str

    async def send(self, mail: Mail) -> None:
        """Logs that the mail was not sent."""
        log.warning("mail not sent: no relay is set", setting=self.setting, to=mail.recipient, subject=mail.subject)


@dataclass(frozen=True)
class FolderSender:
    """Writes one file per mail, readable only for this user; a repetition replaces it."""

    path: Path
    from_address: str

    async def send(self, mail: Mail) -> None:
        """Writes the file atomically."""
        await asyncio.to_thread(self._write, mail)

    def _write(self, mail: Mail) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self.path / f"{mail.queued_at:%Y%m%dT%H%M%SZ}-{mail.mail_id}.eml"
        part = target.with_suffix(".part")
        part.write_bytes(_message(mail, self.from_address).as_bytes())
        part.chmod(0o600)
        os.replace(part, target)


@dataclass(frozen=True)
class SmtpSender:
    """Uses an SMTP relay; smtplib runs in a thread."""

    host: str
    port: int
    scheme: str
    from_address: str
    user: str
    password: str = field(repr=False)

    async def send(self, mail: Mail) -> None:
        """Raises Refused if the relay will never accept the mail, Unavailable if it does not answer or not now."""
        try:
            await asyncio.to_thread(self._hand_over, _message(mail, self.from_address))
        except smtplib.SMTPRecipientsRefused as error:
            [(code, reason)] = error.recipients.values()
            kind = Refused if code >= 500 else Unavailable
            raise kind(f"the mail relay refuses the recipient: {code} {reason.decode(errors='replace')}") from error
        except smtplib.SMTPNotSupportedError as error:
            if mail.recipient.rpartition("@")[0].isascii():
                raise Unavailable(f"the mail relay {self.host} did not take it: {error}") from error
            raise Refused(
                f"the mail relay {self.host} has no SMTPUTF8, which the letters before the @ of the recipient need"
            ) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Unavailable(f"the mail relay {self.host} did not take it: {error!r}") from error

    def _hand_over(self, message: EmailMessage) -> None:
        tls = ssl.create_default_context()
        with (
            smtplib.SMTP_SSL(self.host, self.port, timeout=RELAY_TIMEOUT_SECONDS, context=tls)
            if self.scheme == "smtps"
            else smtplib.SMTP(self.host, self.port, timeout=RELAY_TIMEOUT_SECONDS)
        ) as relay:
            if self.scheme == "smtp":
                relay.starttls(context=tls)
            if self.user:
                relay.login(self.user, self.password)
            relay.send_message(message)


def _message(mail: Mail, from_address: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = _with_ascii_domain(from_address)
    message["To"] = _with_ascii_domain(mail.recipient)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.queued_at)
    message["Message-ID"] = f"<{mail.mail_id}@tenantry>"  # identifies repetitions
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    return message


def _with_ascii_domain(address: str) -> str:
    """Returns `a@b` or `Name <a@b>` with the domain in IDNA, which every relay accepts, if it has such a form."""
    name, at, domain = address.rpartition("@")
    domain, close, rest = domain.partition(">")
    try:
        return f"{name}{at}{idna.encode(domain).decode()}{close}{rest}"
    except idna.IDNAError:
        return address
