"""Ways for e-mails to leave, chosen by a URL.

`console:` sends none and notes in the log that there was one · `file:///folder` writes one .eml file each ·
`smtp://user:password@host:587` a relay by STARTTLS · `smtps://…:465` by TLS from the start ·
`smtp-plain://host:25` without either, for a relay on the same machine.
User and password may be left out, and need percent-encoding where they hold signs of a URL.
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

TIMEOUT = 10.0  # seconds for each word of the relay
PORTS = {"smtp": 587, "smtps": 465, "smtp-plain": 25}


def open_sender(url: str, *, from_address: str, setting: str = "MAIL_URL") -> Sender:
    """The sender of this URL. InvalidInput, which names the `setting`: no such way, or the URL lacks what it needs."""
    parts = urlsplit(url)
    if parts.scheme == "console":
        return Console(setting)
    if parts.scheme == "file" and parts.path:
        return Folder(Path(unquote(parts.path)), from_address)
    if parts.scheme in PORTS and parts.hostname:
        port = parts.port or PORTS[parts.scheme]
        return Smtp(
            parts.hostname,
            port,
            parts.scheme,
            from_address,
            unquote(parts.username or ""),
            unquote(parts.password or ""),
        )
    raise InvalidInput(f"{setting} must be console:, file:///folder, or smtp://, smtps:// or smtp-plain://host")


@dataclass(frozen=True)
class Console:
    """No relay is set by the `setting`. The log gets no body, since it may hold a link that opens an account."""

    setting: str

    async def send(self, mail: Mail) -> None:
        """Logs that it was not sent."""
        log.warning("mail not sent: no relay is set", setting=self.setting, to=mail.recipient, subject=mail.subject)


@dataclass(frozen=True)
class Folder:
    """One file a mail; a repetition replaces it. Readable for this user alone."""

    path: Path
    from_address: str

    async def send(self, mail: Mail) -> None:
        """Writes the file whole or not at all."""
        await asyncio.to_thread(self._write, mail)

    def _write(self, mail: Mail) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self.path / f"{mail.queued_at:%Y%m%dT%H%M%SZ}-{mail.mail_id}.eml"
        part = target.with_suffix(".part")
        part.write_bytes(_message(mail, self.from_address).as_bytes())
        part.chmod(0o600)
        os.replace(part, target)


@dataclass(frozen=True)
class Smtp:
    """A relay; smtplib speaks in a thread."""

    host: str
    port: int
    scheme: str
    from_address: str
    user: str
    password: str = field(repr=False)

    async def send(self, mail: Mail) -> None:
        """Refused: the relay will never take it. Unavailable: it does not answer, or not now."""
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
            smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT, context=tls)
            if self.scheme == "smtps"
            else smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
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
    message["Message-ID"] = f"<{mail.mail_id}@tenantry>"  # the same each time: a repetition is recognised
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    return message


def _with_ascii_domain(address: str) -> str:
    """`a@b` or `Name <a@b>` with the domain in IDNA, which every relay takes; a domain that has no such form stays."""
    name, at, domain = address.rpartition("@")
    domain, close, rest = domain.partition(">")
    try:
        return f"{name}{at}{idna.encode(domain).decode()}{close}{rest}"
    except idna.IDNAError:
        return address
