"""The company's settings: only admins change them, pages show them, reports use them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, SetPolicy, Tenant
from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser
from tracking.company.rules.screenshot_retention import Retention
from tracking.company.store import screenshot_retention
from tracking.company.store.company_settings import CompanySettings
from tracking.db.store.scope import company_scope

GOOD = {"name": "Acme <i>GmbH</i>", "colour": "#7A0000", "target_hours": "7.5"}
USUAL = CompanySettings()


@pytest.fixture
async def other(open_browser: OpenBrowser, new_tenant: NewTenant) -> Browser:
    """Another company's admin."""
    browser = open_browser()
    await browser.sign_in((await new_tenant()).admin)
    return browser


async def test_an_admin_changes_them(admin: Browser, tenant: Tenant, stored: ReadRows) -> None:
    page = await admin.page("/settings")
    assert (page.field("name").value, page.field("colour").value) == (USUAL.workspace_name, USUAL.brand_colour)
    reply = await admin.send("/settings", **GOOD)
    assert (reply.status_code, reply.headers["location"]) == (303, "/settings")
    expected = {"workspace_name": GOOD["name"], "brand_colour": "#7a0000", "daily_target_seconds": 27_000}
    [row] = await stored("company_settings", tenant.company_id)
    assert dict(row) == dict(row) | {"company_id": tenant.company_id, "version": 1} | expected
    page = await admin.page("/settings")
    assert (page.field("name").value, page.field("target_hours").value) == (GOOD["name"], "7.5")
    assert page.all("i") == []


async def test_everyones_pages_look_like_them(admin: Browser, employee: Browser, other: Browser) -> None:
    before = await employee.see("/brand.css")
    await admin.send("/settings", **GOOD | {"colour": "#123456"})
    for browser in (admin, employee):
        page = await browser.page("/")
        assert page.texts("header > strong > bdi") == [GOOD["name"]]
        assert page.all("i") == []
        assert page.all("link[rel=stylesheet][href='/brand.css']")
    sheet = await employee.see("/brand.css")
    assert (sheet.text, sheet.headers["content-type"]) == (":root { --brand: #123456; }\n", "text/css; charset=utf-8")
    assert sheet.headers["etag"] != before.headers["etag"]
    assert (await other.page("/")).texts("header > strong > bdi") == ["Tenantry workspace"]
    assert (await other.see("/brand.css")).text == ""


async def test_a_browser_keeps_the_style_sheet_until_it_changes(admin: Browser) -> None:
    await admin.send("/settings", **GOOD)
    sheet = await admin.see("/brand.css")
    assert sheet.headers["cache-control"] == "private, no-cache"
    assert sheet.headers["vary"] == "cookie"
    asked = {"If-None-Match": sheet.headers["etag"]}
    again = await admin.http.get("/brand.css", headers=asked)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", sheet.headers["etag"])
    await admin.send("/settings", **GOOD | {"colour": "#004400"})
    assert (await admin.http.get("/brand.css", headers=asked)).status_code == 200


async def test_reports_count_by_the_target(admin: Browser) -> None:
    await admin.send("/settings", **GOOD | {"target_hours": "4"})
    assert "The target is 4 h 00 min" in (await admin.page("/reports")).text


async def test_what_the_platforms_owner_sets_is_shown(
    admin: Browser, tenant: Tenant, set_policy: SetPolicy, stored: ReadRows
) -> None:
    policy: dict[str, Any] = {"idle_threshold_seconds": 240, "screenshot_interval_seconds": 180}
    await set_policy(tenant, **policy, website_tracking_enabled=False)
    facts = dict((await admin.page("/settings")).rows(".facts tr"))
    assert (facts["Idle after"], facts["Websites"]) == ("4 min", "not tracked")
    assert facts["Screenshots"] == "2 screenshots every 3 min"
    assert facts["Screenshots are kept for"].endswith(" days")
    seats_used = sum(row["active"] for row in await stored("employee", tenant.company_id))
    assert facts["Seats"].startswith(f"{seats_used} of ")
    await set_policy(tenant, screenshots_enabled=False, idle_detection_enabled=False)
    facts = dict((await admin.page("/settings")).rows(".facts tr"))
    assert (facts["Screenshots"], facts["Idle after"]) == ("not taken", "not detected")


async def test_nobody_else_sees_or_changes_them(
    employee: Browser, other: Browser, open_browser: OpenBrowser, tenant: Tenant, stored: ReadRows
) -> None:
    before = await stored("company_settings", tenant.company_id)
    assert (await employee.see("/settings")).status_code == 403
    assert (await employee.send("/settings", **GOOD)).status_code == 403
    assert (await other.send("/settings", **GOOD | {"name": "Theirs"})).status_code == 303
    anonymous = open_browser()
    for reply in (
        await anonymous.see("/settings"),
        await anonymous.see("/brand.css"),
        await anonymous.http.post("/settings", data=GOOD),
    ):
        assert (reply.status_code, reply.headers["location"]) == (303, "/login")
    assert await stored("company_settings", tenant.company_id) == before


async def test_a_form_without_the_sessions_token(admin: Browser) -> None:
    assert (await admin.send("/settings", **GOOD, csrf_token="guess")).status_code == 403
    assert (await admin.http.post("/settings", data=GOOD)).status_code == 403


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "  \x00"},
        {"name": "x" * 600},
        {"colour": "red"},
        {"colour": "#12345"},
        {"colour": "#123456; } body { display: none"},
        {"colour": "#777777"},  # 4.48 to 1
        {"target_hours": "0.5"},
        {"target_hours": "24.5"},
        {"target_hours": "7.25"},
        {"target_hours": "nan"},
        {"target_hours": "inf"},
        {"target_hours": "eight"},
    ],
)
async def test_settings_that_cannot_be(
    admin: Browser, tenant: Tenant, stored: ReadRows, fields: dict[str, str]
) -> None:
    before = await stored("company_settings", tenant.company_id)
    assert (await admin.send("/settings", **GOOD | fields)).status_code == 400
    assert await stored("company_settings", tenant.company_id) == before


@pytest.mark.parametrize(("hours", "seconds"), [("1", 3600), ("24", 86_400), ("7.5", 27_000)])
async def test_the_bounds_of_the_target(
    admin: Browser, tenant: Tenant, stored: ReadRows, hours: str, seconds: int
) -> None:
    assert (await admin.send("/settings", **GOOD | {"target_hours": hours, "colour": "#767676"})).status_code == 303
    (row,) = await stored("company_settings", tenant.company_id)
    assert row["daily_target_seconds"] == seconds


async def test_an_admin_is_told_when_older_screenshots_are_deleted(
    admin: Browser, other: Browser, tenant: Tenant, engine: AsyncEngine
) -> None:
    shortened = Retention(30, 1, datetime(2026, 3, 1, 9, 0, tzinfo=UTC))
    async with company_scope(engine, tenant.company_id) as tx:
        await screenshot_retention.put(tx, tenant.company_id, shortened)
    said = "This was shortened: older screenshots are deleted from"
    assert said in (await admin.page("/settings")).text
    assert said not in (await other.page("/settings")).text
    async with company_scope(engine, tenant.company_id) as tx:
        await screenshot_retention.put(tx, tenant.company_id, Retention(1))
    assert said not in (await admin.page("/settings")).text
