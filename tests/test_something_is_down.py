"""Outages of tenancy, billing, NATS and the database, one by one.

Each page of the portal names what is unavailable, displays stale values with their age, and recovers by itself.
"""

from functools import partial

import pytest

from testkit.pages import Page, text_of
from testkit.waiting import eventually
from tests.platform.faults import stopped
from tests.platform.owner import Owner
from tests.platform.running import Running

DASHBOARD, REPORTS, LOG, RETENTION, ALERTS = (
    f"/owner/{name}/" for name in ("dashboard", "reports", "audit-log", "retention-policy", "alerts")
)
PAGES = [DASHBOARD, REPORTS, LOG, RETENTION, ALERTS]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
async def pages(owner: Owner) -> list[str]:
    """Returns all pages, opened once with a company while everything answers."""
    company_id, _ = await owner.create("Downtime Ltd")
    pages = [*PAGES, f"/owner/company/{company_id}/"]
    await eventually(lambda: owner.page(pages[-1]), lambda page: "Trial" in page.text)
    for path in pages:
        await owner.page(path)
    return pages


async def is_quiet(owner: Owner, path: str) -> bool:
    """Returns whether a page reports no outage."""
    page = await owner.page(path)
    return "does not respond" not in page.text and not page.all("[data-away]")


def is_dated(page: Page) -> bool:
    """Returns whether a notice on the page says how old the values are."""
    return any("as of" in text_of(notice) and notice.select("time") for notice in page.all("[data-away]"))


async def appears(owner: Owner, sentence: str) -> None:
    """Waits until the dashboard has the sentence."""
    await eventually(lambda: owner.page(DASHBOARD), lambda page: sentence in page.text, timeout=40)


async def comes_back(owner: Owner, pages: list[str]) -> None:
    for path in pages:
        await eventually(partial(is_quiet, owner, path))


async def test_tenancy(running: Running, owner: Owner, pages: list[str]) -> None:
    async with stopped(running, "tenancy"):
        log = await owner.page(LOG)
        assert "Tenancy does not respond at the moment." in log.text
        assert "Downtime Ltd" in log.text, "as it was last heard"
        assert is_dated(log)
        assert "Downtime Ltd" in (await owner.page(pages[-1])).text
        for path in pages:
            await owner.page(path)
        answer = await owner.act("create", name="Typed Ltd", email="a@typed.example", plan_code="PRO")
        assert (answer.status_code, answer.json()["kind"]) == (503, "unavailable")
        assert "Tenancy does not respond" in answer.json()["detail"]
        assert (await owner.post(f"{LOG}verify/")).status_code == 503
        await appears(owner, "Tenancy does not respond")
        assert "Downtime Ltd" in (await owner.page(DASHBOARD)).text
    await comes_back(owner, pages)


async def test_billing(running: Running, owner: Owner, pages: list[str]) -> None:
    async with stopped(running, "billing"):
        for path in (REPORTS, RETENTION, LOG):
            page = await owner.page(path)
            assert "Billing does not respond at the moment." in page.text, path
            assert is_dated(page), path
        assert "MRR bridge" in (await owner.page(REPORTS)).text
        retention = await owner.page(RETENTION)
        assert "cannot be changed while billing" in retention.text
        assert "ENTERPRISE" in retention.text
        export = await owner.http.get(f"{LOG}export.csv")
        assert export.status_code == 503, "an export with a hole would look complete"
        assert (await owner.http.get(f"{REPORTS}mrr.csv")).status_code == 200
        await appears(owner, "Billing does not respond")
        assert "Trial" in (await owner.page(pages[-1])).text
    await comes_back(owner, pages)


async def test_nats(running: Running, owner: Owner, pages: list[str]) -> None:
    async with stopped(running, "nats"):
        await appears(owner, "The usage feed does not respond")
        for path in pages:
            await owner.page(path)
        assert (await owner.post(f"{LOG}verify/")).status_code == 200, "owners can act all the same"
    await comes_back(owner, pages)


async def test_the_database(running: Running, owner: Owner, pages: list[str]) -> None:
    async with stopped(running, "postgres"):
        for path in (*pages, "/owner/login/"):
            answer = await owner.http.get(path, headers={"accept": "text/html"})
            assert answer.status_code == 503, path
            assert "database does not respond" in Page(answer.text).text
            assert answer.headers["refresh"] == "5", "it asks again by itself"
            answer = await owner.http.get(path, headers={"accept": "application/json"})
            assert (answer.status_code, answer.json()["kind"]) == (503, "unavailable")
        assert (await owner.http.get("/healthz")).status_code == 200, "the process need not be restarted"
        assert (await owner.http.get("/readyz")).json()["missing"] == ["database"]
    await comes_back(owner, pages)
