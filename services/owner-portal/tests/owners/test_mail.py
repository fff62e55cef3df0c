"""E-mails leave after the commit, at least once, and are tried again until somebody takes them."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from mailer import queue
from mailer.delivery import send_mail
from mailer.mail import Mail, pause_after
from mailer.queue import queue_mail
from mailer.senders import open_sender
from servicekit.errors import Refused, Unavailable
from testkit.relay import Relay, running_relay

FROM = "Tenantry <portal@tenantry.example>"


@dataclass
class Recorded:
    """A sender that fails as configured, then accepts everything."""

    failures: list[Exception] = field(default_factory=list)
    taken: list[Mail] = field(default_factory=list)

    async def send(self, mail: Mail) -> None:
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append(mail)


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    """On a free port of this machine."""
    async with running_relay() as relay:
        yield relay


@pytest.fixture(autouse=True)
async def _empty(engine: AsyncEngine) -> AsyncIterator[None]:
    yield
    async with engine.begin() as tx:
        await tx.execute(text("DELETE FROM mail"))


async def put(engine: AsyncEngine, subject: str = "Hello", to: str = "owner@tenantry.example") -> None:
    async with engine.begin() as tx:
        await queue_mail(tx, to=to, subject=subject, body="Grüße\nhttps://portal.example/x")


async def waiting(engine: AsyncEngine) -> Sequence[Any]:
    async with engine.begin() as tx:
        return (await tx.execute(text("SELECT *, due_at - now() AS wait FROM mail ORDER BY id"))).all()


async def make_due(engine: AsyncEngine, *, age: timedelta = timedelta()) -> None:
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE mail SET due_at = now(), queued_at = queued_at - :age"), {"age": age})


async def test_leaves_after_the_commit_alone(engine: AsyncEngine) -> None:
    sender = Recorded()
    with pytest.raises(RuntimeError):  # noqa: PT012 - the transaction is what fails
        async with engine.begin() as tx:
            await queue_mail(tx, to="owner@tenantry.example", subject="Never", body="")
            raise RuntimeError
    assert not await send_mail(engine.begin, sender=sender)
    await put(engine, "First\r\nBcc: everybody@evil.example")
    assert await send_mail(engine.begin, sender=sender)
    assert [mail.subject for mail in sender.taken] == ["First Bcc: everybody@evil.example"]
    assert await waiting(engine) == [], "what was handed over is kept nowhere"


async def test_is_tried_again_later_and_later(engine: AsyncEngine) -> None:
    sender = Recorded([Unavailable("the relay sleeps"), OSError("no route")])
    await put(engine)
    for attempt in (1, 2):
        await send_mail(engine.begin, sender=sender)
        [row] = await waiting(engine)
        assert (row.attempts, row.wait > pause_after(attempt) - timedelta(seconds=30)) == (attempt, True)
        assert not await send_mail(engine.begin, sender=sender), "it is not due yet"
        await make_due(engine)
    async with engine.begin() as tx:
        state = await queue.read_state(tx)
    assert (state.waiting, state.problem) == (1, "OSError('no route')")
    assert state.failing_since is not None
    await send_mail(engine.begin, sender=sender)
    assert len(sender.taken) == 1
    async with engine.begin() as tx:
        assert await queue.read_state(tx) == queue.MailState(0, None, None)


@pytest.mark.parametrize(("failure", "age"), [(Refused("no such mailbox"), 0), (Unavailable("asleep"), 3)])
async def test_is_given_up(engine: AsyncEngine, failure: Exception, age: int) -> None:
    await put(engine)
    await make_due(engine, age=timedelta(days=age))
    with capture_logs() as logs:
        await send_mail(engine.begin, sender=Recorded([failure]))
    assert await waiting(engine) == []
    assert [entry["event"] for entry in logs if "mail" in entry["event"]] == ["mail given up"]
    assert "portal.example" not in str(logs), "the body stays out of the log"


async def test_a_process_that_died_gives_its_mails_back(engine: AsyncEngine) -> None:
    await put(engine)
    async with engine.begin() as tx:
        assert len(await queue.claim(tx, limit=1, lease=timedelta(minutes=1))) == 1
    sender = Recorded()
    assert not await send_mail(engine.begin, sender=sender)
    await make_due(engine)  # the lease is over
    assert await send_mail(engine.begin, sender=sender)


async def test_processes_share_the_work(engine: AsyncEngine) -> None:
    for number in range(25):
        await put(engine, str(number))
    senders = [Recorded(), Recorded(), Recorded()]
    while any(await asyncio.gather(*(send_mail(engine.begin, sender=sender) for sender in senders))):
        pass
    subjects = [mail.subject for sender in senders for mail in sender.taken]
    assert sorted(subjects, key=int) == [str(number) for number in range(25)]


async def test_a_folder_gets_a_file_each(engine: AsyncEngine, tmp_path: Path) -> None:
    sender = open_sender(f"file://{tmp_path}/mail", from_address=FROM)
    await put(engine)
    await send_mail(engine.begin, sender=sender)
    [file] = (tmp_path / "mail").iterdir()
    assert (file.suffix, file.stat().st_mode & 0o777) == (".eml", 0o600)
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert (message["From"], message["To"], message["Subject"]) == (FROM, "owner@tenantry.example", "Hello")
    assert message.get_content().splitlines() == ["Grüße", "https://portal.example/x"]


async def test_a_relay_takes_it(engine: AsyncEngine, relay: Relay) -> None:
    await put(engine)
    await send_mail(engine.begin, sender=open_sender(relay.url, from_address=FROM))
    [taken] = relay.taken
    assert (taken["From"], taken["To"], taken["Subject"]) == (FROM, "owner@tenantry.example", "Hello")
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken.get_content().splitlines() == ["Grüße", "https://portal.example/x"]


@pytest.mark.parametrize("smtputf8", [False, True])
@pytest.mark.parametrize(
    ("to", "taken_as"),
    [("ada@bücher.example", "ada@xn--bcher-kva.example"), ("ada@straße.example", "ada@xn--strae-oqa.example")],
)
async def test_any_relay_takes_a_domain_in_idna(engine: AsyncEngine, to: str, taken_as: str, smtputf8: bool) -> None:
    await put(engine, to=to)
    async with running_relay(smtputf8=smtputf8) as relay:
        url = relay.url
        await send_mail(engine.begin, sender=open_sender(url, from_address="Tenantry <portal@bücher.example>"))
    [taken] = relay.taken
    assert (taken["From"], taken["To"]) == ("Tenantry <portal@xn--bcher-kva.example>", taken_as)
    assert await waiting(engine) == []


async def test_letters_before_the_at_need_smtputf8(engine: AsyncEngine) -> None:
    """A relay that has it takes the mail; for one without it the mail is given up at once, with the reason."""
    recipient = "björn@bücher.example"
    async with running_relay(smtputf8=True) as relay:
        await put(engine, to=recipient)
        await send_mail(engine.begin, sender=open_sender(relay.url, from_address=FROM))
    assert [mail["To"] for mail in relay.taken] == ["björn@xn--bcher-kva.example"]
    async with running_relay() as relay:
        await put(engine, to=recipient)
        with capture_logs() as logs:
            await send_mail(engine.begin, sender=open_sender(relay.url, from_address=FROM))
    assert await waiting(engine) == relay.taken == []
    [entry] = [entry for entry in logs if entry["event"] == "mail given up"]
    assert "has no SMTPUTF8" in entry["error"]


@pytest.mark.parametrize(("refusal", "left"), [("550 no such user", 0), ("450 mailbox busy", 1)])
async def test_a_relay_refuses_it(engine: AsyncEngine, relay: Relay, refusal: str, left: int) -> None:
    relay.refusal = refusal
    await put(engine)
    await send_mail(engine.begin, sender=open_sender(relay.url, from_address=FROM))
    rows = await waiting(engine)
    assert len(rows) == left
    assert all("450 mailbox busy" in row.problem for row in rows)


async def test_a_relay_that_is_away(engine: AsyncEngine) -> None:
    await put(engine)
    await send_mail(engine.begin, sender=open_sender("smtp://127.0.0.1:1", from_address=FROM))
    [row] = await waiting(engine)
    assert "127.0.0.1 did not take it" in row.problem


async def test_without_a_relay_the_log_holds_no_link(engine: AsyncEngine) -> None:
    await put(engine)
    with capture_logs() as logs:
        await send_mail(engine.begin, sender=open_sender("console:", from_address=FROM, setting="PORTAL_MAIL_URL"))
    [entry] = [entry for entry in logs if "mail not sent" in entry["event"]]
    assert (entry["log_level"], entry["setting"]) == ("warning", "PORTAL_MAIL_URL")
    assert "portal.example" not in json.dumps(logs, default=str)
