"""Alerts over the database: evaluated by one process, answered by owners, sent by e-mail."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.alerts.rules.alerts import AlertKind
from owner_portal.alerts.rules.listing import AlertListing
from owner_portal.alerts.store import evaluation, shown_alerts
from owner_portal.alerts.use_cases import Answer, answer_alerts, evaluate_alerts, send_digests
from owner_portal.directory.rules import CompanyState, Status

NOW = datetime.now(UTC)
TODAY = NOW.date()


@pytest.fixture(autouse=True)
async def _fresh(engine: AsyncEngine) -> AsyncIterator[None]:
    yield
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE alert SET state = 'RESOLVED'"))
        await tx.execute(text("DELETE FROM mail"))
        await tx.execute(text("DELETE FROM alert_digest"))
        await tx.execute(text("UPDATE company SET state = 'CLOSED', status = 'CLOSED', revision = 99"))


async def look(engine: AsyncEngine) -> set[UUID] | None:
    """As if a minute had passed since the last look, and tenancy and the feed answered just now."""
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE alert_turn SET taken_at = '-infinity'"))
        await tx.execute(text("UPDATE source SET confirmed_at = now()"))
    return await evaluate_alerts(engine)


async def live(engine: AsyncEngine, company_id: UUID) -> dict[str, tuple[str, int]]:
    async with engine.begin() as tx:
        rows = await tx.execute(
            text("SELECT kind, state, stage FROM alert WHERE company_id = :id AND state <> 'RESOLVED'"),
            {"id": company_id},
        )
        return {row.kind: (row.state, row.stage) for row in rows}


async def mails(engine: AsyncEngine) -> Sequence[Any]:
    async with engine.begin() as tx:
        return (await tx.execute(text("SELECT * FROM mail ORDER BY id"))).all()


async def full(model: Any, name: str, *, seats: int = 50) -> UUID:
    company_id: UUID = await model.company(name)
    await model.subscription(company_id)
    await model.day(company_id, TODAY, seats_used=seats)
    return company_id


async def test_opens_rises_and_resolves(engine: AsyncEngine, model: Any) -> None:
    company_id = await full(model, "Seats Ltd", seats=45)
    assert await look(engine) == {company_id}
    assert await live(engine, company_id) == {"SEATS": ("OPEN", 2)}
    assert await look(engine) == set(), "nothing is new"
    await model.day(company_id, TODAY, seats_used=50, revision=2)
    assert await look(engine) == {company_id}
    assert await live(engine, company_id) == {"SEATS": ("OPEN", 3)}
    await model.day(company_id, TODAY, seats_used=5, revision=3)
    await look(engine)
    assert await live(engine, company_id) == {}


async def test_a_company_that_breaks_its_rhythm(engine: AsyncEngine, model: Any) -> None:
    regular, odd = await model.company("Regular Ltd"), await model.company("Odd Ltd", zone="Pacific/Auckland")
    for company_id in (regular, odd):
        await model.subscription(company_id)
        for age in range(3, 40):
            await model.day(company_id, TODAY - timedelta(days=age), minutes=60)
    await model.synced(regular, NOW - timedelta(days=3))
    await model.synced(odd, NOW)
    assert await look(engine) == {regular}
    assert await live(engine, regular) == {"SILENT": ("OPEN", 2)}
    await model.synced(regular, NOW)
    await look(engine)
    assert await live(engine, regular) == {}


async def test_silence_is_measured_by_the_companys_calendar(engine: AsyncEngine, model: Any) -> None:
    """It fell silent on a day of its own, whatever UTC's date was when the alert opened."""
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        company_id = await model.company(f"Far {zone}", zone=zone)
        await model.subscription(company_id)
        here, now = ZoneInfo(zone), datetime.now(UTC)
        for age in range(3, 40):
            await model.day(company_id, now.astimezone(here).date() - timedelta(days=age), minutes=60)
        last = now - timedelta(days=3)
        await model.synced(company_id, last)
        await look(engine)
        async with engine.begin() as tx:
            [shown], _ = await shown_alerts.list_alerts(tx, AlertListing())
            situations = [one async for batch in evaluation.read_situations(tx) for one, _live in batch]
        assert shown.last_seen == last.astimezone(here).date()
        [of_it] = [one for one in situations if one.company_id == company_id]
        assert of_it.silent_on in {moment.astimezone(here).date() for moment in (now, datetime.now(UTC))}
        await model.synced(company_id, datetime.now(UTC))
        await look(engine)


async def test_silence_is_not_told_from_what_is_old(engine: AsyncEngine, model: Any) -> None:
    company_id = await model.company("Unheard Ltd")
    await model.subscription(company_id)
    for age in range(3, 40):
        await model.day(company_id, TODAY - timedelta(days=age), minutes=60)
    await look(engine)
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE alert SET state = 'RESOLVED'"))
        await tx.execute(text("UPDATE alert_turn SET taken_at = '-infinity'"))
        await tx.execute(text("UPDATE source SET confirmed_at = now() - interval '5 minutes' WHERE name = 'usage'"))
    assert await evaluate_alerts(engine) == set()


async def test_subscriptions(engine: AsyncEngine, model: Any) -> None:
    trial, past, over = [await model.company(name) for name in ("Trial Ltd", "Past Ltd", "Over Ltd")]
    await model.subscription(trial, Status.TRIAL, days_left=6)
    await model.subscription(past, Status.PAST_DUE, days_left=20)
    await model.subscription(over, Status.EXPIRED, days_left=-2)
    closed = await model.company("Closed Ltd", state=CompanyState.CLOSED)
    await model.subscription(closed, Status.CANCELLED, days_left=3)
    await look(engine)
    found = [await live(engine, company_id) for company_id in (trial, past, over, closed)]
    assert found == [{"TRIAL_ENDING": ("OPEN", 1)}, {"PAST_DUE": ("OPEN", 2)}, {"EXPIRED": ("OPEN", 3)}, {}]


async def test_three_statements_however_many_companies(engine: AsyncEngine, model: Any) -> None:
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    for number in range(300):
        await full(model, f"Many {number}")
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE alert_turn SET taken_at = '-infinity'"))
    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        changed = await evaluate_alerts(engine)
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
    assert len(changed or ()) == 300
    assert len(statements) == 3


async def test_one_of_several_processes_looks(engine: AsyncEngine, model: Any) -> None:
    await full(model, "Once Ltd")
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE alert_turn SET taken_at = '-infinity'"))
    results = await asyncio.gather(*(evaluate_alerts(engine) for _ in range(5)))
    assert [len(changed) for changed in results if changed is not None] == [1]
    assert await evaluate_alerts(engine) is None, "it is too soon"


async def test_an_answer_holds(engine: AsyncEngine, model: Any) -> None:
    company_id = await full(model, "Answered Ltd", seats=46)
    await look(engine)
    for answer, days, state in (
        (Answer.ACKNOWLEDGE, None, "ACKNOWLEDGED"),
        (Answer.SNOOZE, 7, "SNOOZED"),
        (Answer.REOPEN, None, "OPEN"),
    ):
        given: dict[str, Any] = {"answer": answer, "days": days, "actor": "owner@tenantry.example", "request_id": "r"}
        assert await answer_alerts(engine, alerts=[(company_id, AlertKind.SEATS)], **given) == 1
        assert await look(engine) == set()
        assert await live(engine, company_id) == {"SEATS": (state, 2)}
    async with engine.begin() as tx:
        actions = (await tx.execute(text("SELECT action, subject FROM portal_action ORDER BY revision DESC"))).all()
    names = [action.action for action in actions if action.subject == str(company_id)]
    assert names == ["reopen_alerts", "snooze_alerts", "acknowledge_alerts"]


async def test_each_company_has_an_entry_of_its_own(engine: AsyncEngine, model: Any) -> None:
    companies = [await full(model, name) for name in ("One Ltd", "Two Ltd")]
    await look(engine)
    given: dict[str, Any] = {
        "answer": Answer.ACKNOWLEDGE,
        "days": None,
        "actor": "owner@tenantry.example",
        "request_id": "r",
    }
    await answer_alerts(engine, alerts=[(company_id, AlertKind.SEATS) for company_id in companies], **given)
    async with engine.begin() as tx:
        newest = (
            await tx.execute(text("SELECT subject, facts FROM portal_action ORDER BY revision DESC LIMIT 2"))
        ).all()
    assert {row.subject for row in newest} == {str(company_id) for company_id in companies}
    assert [row.facts for row in newest] == [{"alerts": "SEATS"}] * 2


async def test_what_rests_comes_back(engine: AsyncEngine, model: Any) -> None:
    company_id = await full(model, "Resting Ltd", seats=46)
    await look(engine)
    given: dict[str, Any] = {"answer": Answer.SNOOZE, "days": 1, "actor": "owner@tenantry.example", "request_id": "r"}
    await answer_alerts(engine, alerts=[(company_id, AlertKind.SEATS)], **given)
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE alert SET snoozed_until = now() - interval '1 second' WHERE state = 'SNOOZED'"))
    assert await look(engine) == {company_id}
    assert await live(engine, company_id) == {"SEATS": ("OPEN", 2)}


async def test_digests(engine: AsyncEngine, model: Any, owner: Any) -> None:
    await full(model, "Mailed Ltd")
    await look(engine)
    assert await send_digests(engine, portal_url="https://portal.example") == 0, "no owner has e-mails enabled"
    await owner.call("/owner/alerts/emails/", frequency="HOURLY")
    assert await send_digests(engine, portal_url="https://portal.example") == 1
    [mail] = await mails(engine)
    assert (mail.recipient, mail.subject) == ("owner@tenantry.example", "Tenantry: \u2068Mailed Ltd\u2069, seats")
    assert "[critical] \u2068Mailed Ltd\u2069: 50 of 50 seats are in use." in mail.body
    assert "https://portal.example/owner/alerts/" in mail.body

    assert await send_digests(engine, portal_url="") == 0, "nothing is new"
    for name in ("Next Ltd", "Third Ltd"):
        await full(model, name)
    await look(engine)
    assert await send_digests(engine, portal_url="") == 0, "once an hour at most"
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE alert_digest SET sent_at = now() - interval '61 minutes'"))
        await tx.execute(
            text(
                "UPDATE alert SET raised_at = now() - interval '2 hours' WHERE company_id IN "
                "(SELECT company_id FROM company WHERE name = 'Mailed Ltd')"
            )
        )
    assert await send_digests(engine, portal_url="") == 1
    _first, second = await mails(engine)
    assert second.subject == "Tenantry: 2 new alerts, 2 of them critical"
    assert "Mailed Ltd" not in second.body
