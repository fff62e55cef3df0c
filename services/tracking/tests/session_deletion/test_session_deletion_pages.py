"""The page that deletes a session: it explains the consequences, and only admins may use it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, Tenant
from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser
from tracking.checking.use_cases.import_history import ImportedSpan, import_history
from tracking.checking.use_cases.reconcile import reconcile
from tracking.publishing.messages import company_month_event
from tracking.totals.rules.timeline import ActivityKind
from tracking.totals.use_cases import fold_company

MORNING, EVENING = ImportedSpan(30_000, 7260, ActivityKind.ACTIVE), ImportedSpan(70_000, 600, ActivityKind.ACTIVE)


@pytest.fixture
async def tenant(new_tenant: NewTenant) -> Any:
    """A company of the test's own."""
    return await new_tenant(people=2)


@pytest.fixture
def today() -> date:
    return datetime.now(UTC).date()


@pytest.fixture
async def worked(engine: AsyncEngine, tenant: Tenant, stored: ReadRows, today: date) -> list[int]:
    """Numbers of the sessions that the first employee has worked, in the morning and in the evening."""
    [whose] = [row for row in await stored("employee", tenant.company_id) if row["email"] == tenant.people[0]]
    days = {today: [MORNING, EVENING]}
    await import_history(engine, tenant.company_id, whose["employee_id"], time_zone="UTC", days=days)
    await fold_company(engine, tenant.company_id, company_month_event)
    rows = sorted(await stored("work_session", tenant.company_id), key=lambda row: row["started_at"])
    return [row["number"] for row in rows]


async def test_a_page_says_what_goes(admin: Browser, worked: list[int]) -> None:
    for path in ("/sessions", f"/sessions/{worked[0]}"):
        assert f"/sessions/{worked[0]}/delete" in (await admin.page(path)).addresses
    page = await admin.page(f"/sessions/{worked[0]}/delete")
    for words in ("2 h 01 min active", "screenshots are deleted", "cannot be undone", "Delete this session"):
        assert words in page.text
    assert (await admin.see(f"/sessions/{worked[0]}")).status_code == 200, "looking deletes nothing"


@pytest.mark.parametrize("ended", ["ended_by = 'ADMIN'", "ended_by = 'SILENCE'", "ended_by = NULL, ended_at = NULL"])
async def test_the_page_says_until_when(admin: Browser, worked: list[int], superuser: AsyncEngine, ended: str) -> None:
    path = f"/sessions/{worked[1]}/delete"
    assert "last activity" not in (await admin.page(path)).text, "its tracker has said it"
    async with superuser.begin() as tx:
        await tx.execute(text(f"UPDATE work_session SET {ended} WHERE number = :number"), {"number": worked[1]})
    page = await admin.page(path)
    assert "up to its last activity" in page.text
    assert ("The session ends" in page.text) == ("NULL" in ended)


async def test_it_is_gone_from_every_page(
    admin: Browser,
    employee: Browser,
    tenant: Tenant,
    worked: list[int],
    engine: AsyncEngine,
    stored: ReadRows,
    today: date,
) -> None:
    reply = await admin.send(f"/sessions/{worked[0]}/delete")
    assert (reply.status_code, reply.headers["location"]) == (303, "/sessions")
    for browser in (admin, employee):
        page = await browser.page("/sessions")
        assert page.all(f"a[href='/sessions/{worked[0]}']") == []
        assert page.all(f"a[href='/sessions/{worked[1]}']")
        assert (await browser.see(f"/sessions/{worked[0]}")).status_code == 404
    home = await employee.page("/")
    assert [cells[-3:] for cells in home.rows() if cells[-1] == "1"] == [["10 min", "0 min", "1"]]
    assert "08:20" not in home.text
    assert "10 min" in (await admin.page(f"/reports?day={today}")).text
    assert (await reconcile(engine, tenant.company_id, company_month_event)).differences == []
    [row] = [row for row in await stored("work_session", tenant.company_id) if row["number"] == worked[0]]
    [ada] = [row for row in await stored("employee", tenant.company_id) if row["role"] == "ADMIN"]
    assert row["deleted_by"] == ada["employee_id"]


async def test_again_there_is_none(admin: Browser, worked: list[int], stored: ReadRows, tenant: Tenant) -> None:
    await admin.send(f"/sessions/{worked[0]}/delete")
    before = await stored("company_day", tenant.company_id)
    assert (await admin.see(f"/sessions/{worked[0]}/delete")).status_code == 404
    for action in ("delete", "end"):
        assert (await admin.send(f"/sessions/{worked[0]}/{action}")).status_code == 404
    assert await stored("company_day", tenant.company_id) == before


async def test_who_may_not(
    admin: Browser,
    employee: Browser,
    open_browser: OpenBrowser,
    new_tenant: NewTenant,
    worked: list[int],
    stored: ReadRows,
    tenant: Tenant,
) -> None:
    path = f"/sessions/{worked[0]}/delete"
    stranger = open_browser()
    await stranger.sign_in((await new_tenant()).admin)
    for browser, code in ((employee, 403), (stranger, 404)):
        assert (await browser.see(path)).status_code == code
        assert (await browser.send(path)).status_code == code
    anonymous = open_browser()
    for reply in (await anonymous.see(path), await anonymous.http.post(path)):
        assert (reply.status_code, reply.headers["location"]) == (303, "/login")
    for seen in ("/sessions", f"/sessions/{worked[0]}"):
        assert not any("/delete" in address for address in (await employee.page(seen)).addresses)
    assert (await admin.send(path, csrf_token="guess")).status_code == 403
    assert (await admin.http.post(path)).status_code == 403
    for wrong in ("0", "-1", "x", str(2**63)):
        assert (await admin.send(f"/sessions/{wrong}/delete")).status_code == 400
    assert not any(row["deleted_at"] for row in await stored("work_session", tenant.company_id))
