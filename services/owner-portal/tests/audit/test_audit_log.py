"""One log of three trails: merged by time, filtered, exported, verified; tenancy and billing themselves answer."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.descriptor import Descriptor
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

import contracts.billing.v1 as contract
import owner_portal
from audit_chain import ChainEnd, Verification
from contracts.billing.v1 import action_pb2
from owner_portal.audit.pages import entries_of, verifiers
from owner_portal.audit.rules.filter import ACTIONS, AuditFilter
from owner_portal.audit.rules.trails import Chain, Entry, merge, read_position, write_position
from owner_portal.audit.use_cases.export import export_audit_log
from owner_portal.audit.use_cases.log import show_audit_log
from owner_portal.audit.use_cases.verification import forget_noted, verify_trails, verify_when_due
from owner_portal.clients.actions import Action
from owner_portal.companies.client import CompanyClient
from owner_portal.subscriptions.client.subscriptions import SubscriptionClient
from owner_portal.web.portal import Portal
from servicekit.ids import new_id
from testkit.pages import Page

LOG = "/owner/audit-log/"
OTHER = "second@tenantry.example"
ENTRIES = "[aria-label='Owner actions'] table"
TRAILS = "[aria-label=Trails] table"


def action(actor: str = OTHER, reason: str = "=a reason that looks like a formula") -> Action:
    return Action(actor, reason, str(new_id()))


@pytest.fixture(scope="module")
async def acme(customer: Any, portal: Portal, owner: Any) -> UUID:
    """Created, extended, suspended; its owner signed in, so every trail has an entry."""
    assert owner
    company_id: UUID = await customer("Acme & Sons")
    await portal.get(SubscriptionClient).extend(company_id, 3, action())
    await portal.get(CompanyClient).suspend(company_id, action())
    return company_id


async def listed(owner: Any, query: str = "") -> list[dict[str, Any]]:
    answer = await owner.script.get(LOG + query)
    assert answer.status_code == 200, answer.text
    entries: list[dict[str, Any]] = answer.json()["entries"]
    return entries


async def results(owner: Any) -> dict[str, str]:
    """The result of verifying each trail, as the page shows it."""
    page = Page((await owner.browser.get(LOG)).text)
    return {row["Trail"]: row["Result"] for row in page.table(TRAILS)}


async def test_only_for_owners(anonymous: Any) -> None:
    for path in (LOG, f"{LOG}export.csv"):
        assert (await anonymous.get(path)).headers["location"].startswith("/owner/login/")
    for path in (f"{LOG}verify/", f"{LOG}forget/"):
        assert (await anonymous.post(path)).status_code == 303
    answer = await anonymous.get(LOG, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["kind"]) == (401, "not_authenticated")


async def test_nothing_changes_without_the_token(owner: Any) -> None:
    for path in (f"{LOG}verify/", f"{LOG}forget/"):
        assert (await owner.browser.post(path, data={"csrf_token": "x", "chain": "billing"})).status_code == 403


async def test_all_trails_are_one_list_by_time(owner: Any, acme: UUID) -> None:
    entries = await listed(owner)
    assert [(entry["trail"], entry["what"]) for entry in entries[:3]] == [
        ("tenancy", "suspend"),
        ("billing", "extend_subscription"),
        ("tenancy", "create"),
    ]
    assert "portal" in {entry["trail"] for entry in entries}
    assert [entry["at"] for entry in entries] == sorted((entry["at"] for entry in entries), reverse=True)
    suspended, extended, *_ = entries
    assert suspended["details"] == {"State": "active → suspended"}
    assert suspended["company_id"] == extended["company_id"] == str(acme)
    assert extended["details"]["Asked: Days"] == "3"
    page = Page((await owner.browser.get(LOG)).text)
    first, second, *_ = page.table(ENTRIES)
    assert (first["Who"].split()[0], first["On"]) == (OTHER, "Acme & Sons")
    assert first["What"].startswith("Suspend")
    assert second["What"].startswith("Extend subscription")
    assert page.links["Acme & Sons"] == f"/owner/company/{acme}/"


async def test_filters_stand_in_the_url(owner: Any, acme: UUID) -> None:
    today, tomorrow = datetime.now(UTC).date(), datetime.now(UTC).date() + timedelta(days=1)
    expected = {
        f"?who={OTHER.upper()}": ["suspend", "extend_subscription"],
        "?what=Extend subscription": ["extend_subscription"],
        "?company=ACME %26 sons": ["suspend", "extend_subscription", "create"],
        f"?company={acme}&who={OTHER}&what=suspend": ["suspend"],
        f"?company={acme}&from={today}&to={tomorrow}": ["suspend", "extend_subscription", "create"],
        f"?from={tomorrow}": [],
        f"?to={today - timedelta(days=1)}": [],
        "?company=Nobody Ltd": [],
        f"?company={new_id()}": [],
    }
    for query, actions in expected.items():
        assert [entry["what"] for entry in await listed(owner, query)] == actions, query
    assert await listed(owner, "?to=&before=x,y.1&what=%00") == await listed(owner)
    assert "Company not found" in Page((await owner.browser.get(f"{LOG}?company=Nobody Ltd")).text).text
    assert "No matching entries" in Page((await owner.browser.get(f"{LOG}?what=nothing")).text).text


@pytest.mark.parametrize("query", ["?from=yesterday", "?to=2026-13-40", "?from=0001-01-01"])
@pytest.mark.usefixtures("acme")
async def test_a_day_that_is_none_is_told(owner: Any, query: str) -> None:
    page = Page((await owner.browser.get(LOG + query)).text)
    assert any("is not a valid date. Write it as 2026-05-03." in alert for alert in page.alerts)
    assert "Acme & Sons" in [row["On"] for row in page.table(ENTRIES)], "the rest is shown"
    for answer in (await owner.script.get(LOG + query), await owner.script.get(f"{LOG}export.csv{query}")):
        assert (answer.status_code, answer.json()["kind"]) == (400, "invalid_input")


async def test_a_trail_without_entries_is_not_verified_yet(owner: Any, portal: Portal, engine: AsyncEngine) -> None:
    async def empty(_known: ChainEnd | None) -> Verification:
        return Verification(ChainEnd())

    await verify_trails(engine, trails={Chain.BILLING: empty})
    assert (await results(owner))["Billing"] == "Not verified yet"
    await verify_when_due(engine, trails={Chain.BILLING: verifiers(portal)[Chain.BILLING]})
    assert (await results(owner))["Billing"] == "Intact"


async def test_pages_hold_each_entry_once_and_nothing_newer(portal: Portal, customer: Any, acme: UUID) -> None:
    export = export_audit_log(portal.engine, view=AuditFilter(), trails=entries_of(portal))
    everything = [entry async for entry, _ in export]
    assert acme in {entry.company_id for entry in everything}
    seen: list[Entry] = []
    view: AuditFilter | None = AuditFilter()
    while view is not None:
        log = await show_audit_log(portal.engine, view=view, trails=entries_of(portal), size=2)
        assert len(log.page.entries) <= 2
        seen += log.page.entries
        if len(seen) == 2:
            await customer("Later Ltd")  # belongs on no later page
        view = view.at(log.page.following) if log.page.following is not None else None
    assert seen == everything


async def test_export(owner: Any, acme: UUID) -> None:
    answer = await owner.browser.get(f"{LOG}export.csv?company={acme}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="audit-log.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["What"] for row in rows] == ["suspend", "extend_subscription", "create"]
    assert {row["Company"] for row in rows} == {"Acme & Sons"}
    assert {row["Called by"] for row in rows} == {"owner-portal"}, "as the certificate says"
    page = Page((await owner.browser.get(f"{LOG}?company={acme}")).text)
    assert all(row["Who"].endswith("by owner-portal") for row in page.table(ENTRIES))
    assert rows[0]["Why"] == "'=a reason that looks like a formula", "no spreadsheet runs it"
    assert (await owner.browser.get(f"{LOG}export.csv?company=Nobody")).text.count("\n") == 1


async def test_costs(owner: Any, acme: UUID, cost: Any) -> None:
    for query in ("", f"?company={acme}", "?company=Acme %26 Sons&who=x"):
        cost.reset()
        await owner.browser.get(LOG + query)
        assert (cost.statements <= 6, cost.calls) == (True, 2), query


@pytest.mark.usefixtures("acme")
async def test_verifying_notes_the_ends_down(owner: Any) -> None:
    answer = await owner.send(f"{LOG}verify/")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{LOG}?done=verified#content")
    page = Page((await owner.browser.get(answer.headers["location"])).text)
    assert [row["Result"] for row in page.table(TRAILS)] == ["Intact"] * 3
    assert any("All trails have been verified" in status for status in page.statuses)
    trails = (await owner.call(f"{LOG}verify/")).json()["trails"]
    assert set(trails) == {"tenancy", "billing", "portal"}
    assert all(trail["whole"] and trail["entries"] > 0 and len(trail["hash"]) == 64 for trail in trails.values())


@pytest.mark.usefixtures("acme")
async def test_a_trail_that_misses_what_was_noted_is_found(owner: Any, engine: AsyncEngine) -> None:
    """As if somebody had cut billing's trail off, or a backup had been put back."""
    await owner.call(f"{LOG}verify/")
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE audit_verdict SET noted_revision = 900 WHERE chain = 'billing'"))
    billing = (await owner.call(f"{LOG}verify/")).json()["trails"]["billing"]
    assert (billing["whole"], billing["entries"]) == (False, 900), "what was noted stays noted"
    assert billing["flaw"].endswith("is missing: one of 900 was noted down")
    assert (await results(owner))["Billing"].startswith("Broken")
    page = Page((await owner.browser.get(LOG)).text)
    assert "Was billing restored from a backup?" in page.texts("h3")

    for fields in ({"chain": "billing"}, {"chain": "nothing", "reason": "restored"}):
        answer = await owner.call(f"{LOG}forget/", **fields)
        assert (answer.status_code, answer.json()["kind"]) == (400, "invalid_input")
    answer = await owner.send(f"{LOG}forget/", chain="billing", reason="restored on Monday")
    assert answer.headers["location"] == f"{LOG}?done=forgotten#content"
    assert (await owner.call(f"{LOG}verify/")).json()["trails"]["billing"]["whole"]
    forgotten, *_ = await listed(owner, "?what=forget_noted_entry")
    assert (forgotten["on"], forgotten["why"], forgotten["trail"]) == ("Billing", "restored on Monday", "portal")


@pytest.mark.usefixtures("acme")
async def test_what_was_forgotten_meanwhile_stays_forgotten(engine: AsyncEngine, owner: Any) -> None:
    """A verification that began before still knows the entry; what it finds counts no more."""
    await owner.call(f"{LOG}verify/")

    async def slow(known: ChainEnd | None) -> Verification:
        await forget_noted(engine, chain=Chain.BILLING, actor=OTHER, reason="restored")
        return Verification(known or ChainEnd())

    await verify_trails(engine, trails={Chain.BILLING: slow})
    async with engine.begin() as tx:
        noted = text("SELECT noted_revision FROM audit_verdict WHERE chain = 'billing'")
        assert (await tx.execute(noted)).scalar_one() == 0
    assert (await owner.call(f"{LOG}verify/")).json()["trails"]["billing"]["entries"] > 0


@pytest.mark.usefixtures("acme")
async def test_trails_are_verified_once_a_day_by_themselves(portal: Portal, engine: AsyncEngine) -> None:

    async def times() -> dict[str, datetime]:
        async with engine.begin() as tx:
            rows = await tx.execute(text("SELECT chain, verified_at FROM audit_verdict"))
            return {row.chain: row.verified_at for row in rows}

    await verify_when_due(engine, trails=verifiers(portal))
    before = await times()
    await verify_when_due(engine, trails=verifiers(portal))
    assert await times() == before
    async with engine.begin() as tx:
        await tx.execute(
            text("UPDATE audit_verdict SET verified_at = now() - interval '25 hours' WHERE chain = 'tenancy'")
        )
    await verify_when_due(engine, trails=verifiers(portal))
    after = await times()
    assert after["tenancy"] > before["tenancy"]
    assert after["billing"] == before["billing"]


def entry(chain: Chain, revision: int, minute: int) -> Entry:
    at = datetime(2026, 5, 3, 12, minute, tzinfo=UTC)
    return Entry(chain, revision, at, "a@example.com", "suspend", None, "", "", "", ())


def test_a_chains_order_outranks_its_clock() -> None:
    tenancy = [entry(Chain.TENANCY, 2, minute=1), entry(Chain.TENANCY, 1, minute=30)]  # its clock was set back
    billing = [entry(Chain.BILLING, 1, minute=20)]
    page = merge({Chain.TENANCY: tenancy, Chain.BILLING: billing}, {}, size=5)
    assert [(each.chain, each.revision) for each in page.entries] == [("billing", 1), ("tenancy", 2), ("tenancy", 1)]
    assert page.following is None


def test_a_chain_that_did_not_answer_keeps_its_position() -> None:
    billing = [entry(Chain.BILLING, revision, minute=revision) for revision in (9, 8, 7)]
    page = merge({Chain.BILLING: billing}, {Chain.TENANCY: 40}, size=2)
    assert page.following == {Chain.TENANCY: 40, Chain.BILLING: 8}


def test_a_chain_with_nothing_to_show_has_nothing_on_later_pages() -> None:
    billing = [entry(Chain.BILLING, revision, minute=revision) for revision in (9, 8, 7)]
    page = merge({Chain.BILLING: billing, Chain.PORTAL: []}, {}, size=2)
    assert page.following == {Chain.BILLING: 8, Chain.PORTAL: 1}


def test_positions_in_urls() -> None:
    position = {Chain.TENANCY: 120, Chain.PORTAL: 3}
    assert read_position(write_position(position)) == position
    for nonsense in ("", "x", "tenancy", "tenancy.0", "tenancy.-1", "nobody.4", "tenancy." + "9" * 40):
        assert read_position(nonsense) == {}


def test_a_filter_is_what_its_url_says() -> None:
    view = AuditFilter("a@example.com", "suspend", "Acme", date(2026, 1, 2), date(2026, 1, 3), "billing.7")
    query = dict(part.split("=") for part in view.url().split("?")[1].replace("%40", "@").split("&"))
    assert AuditFilter.read(query) == view
    assert view.question(None).until == datetime(2026, 1, 4, tzinfo=UTC), "the last day counts as a whole"


def test_every_action_of_the_portal_is_offered() -> None:
    sources = [path for path in Path(owner_portal.__file__).parent.rglob("*.py") if "use_cases" in str(path)]
    written = {name for path in sources for name in re.findall(r'action="([a-z_]+)"', path.read_text())}
    assert written
    assert written <= set(ACTIONS)


def test_offers_all_actions_of_billing() -> None:
    """billing names them after the requests that hold an Action."""
    modules = [import_module(f"{contract.__name__}.{each.name}") for each in iter_modules(contract.__path__)]
    files = [module.DESCRIPTOR for module in modules if hasattr(module, "DESCRIPTOR")]
    requests = [message for file in files for message in file.message_types_by_name.values() if _is_action(message)]
    names = {re.sub("(?<!^)(?=[A-Z])", "_", each.name.removesuffix("Request")).lower() for each in requests}
    assert "reverse_payment" in names
    assert names <= set(ACTIONS)


def _is_action(message: Descriptor) -> bool:
    action = message.fields_by_name.get("action")
    holds = action is not None and action.message_type is action_pb2.Action.DESCRIPTOR
    return holds and message.name.endswith("Request")
