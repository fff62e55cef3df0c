"""Reports with their downloads, the audit log, the retention policy."""

from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.platform.company import Found
from tests.platform.screen import heading, press, shoot


async def test_reports(to: Open, found_company: Found) -> None:
    await found_company("Lovage")
    page = await to("/owner/reports/")
    await heading(page, "Reports")
    chart = page.locator('[data-chart="status"]')
    await expect(chart.locator("canvas")).to_be_visible()
    await shoot(page, "owner-reports")
    for kind in ("CSV", "PNG", "SVG"):
        async with page.expect_download() as waiting:
            await chart.get_by_text(kind, exact=True).click()
        file = await waiting.value
        assert file.suggested_filename.endswith(kind.lower())
        assert (await file.path()).stat().st_size > 20
    await page.get_by_role("link", name="90 days", exact=True).click()
    await expect(page.get_by_text("Top companies, last 90 days")).to_be_visible()
    await page.get_by_role("link", name="New", exact=True).click()
    await shoot(page, "owner-movements")


async def test_the_audit_log(to: Open, found_company: Found) -> None:
    company = await found_company("Rampion", people=0)
    page = await to("/owner/audit-log/")
    await heading(page, "Audit log")
    await press(page, "Verify now")
    await expect(page.get_by_text("Intact").first).to_be_visible()
    await page.get_by_label("Company", exact=True).fill(company.name)
    await press(page, "Filter")
    await expect(page.get_by_role("link", name=company.name).first).to_be_visible()
    await shoot(page, "owner-audit-log")
    await page.set_viewport_size({"width": 360, "height": 740})
    hidden = "tables => tables.map(({scrollWidth, clientWidth}) => scrollWidth - clientWidth)"
    assert max(await page.locator(".table-responsive").evaluate_all(hidden)) == 0, "every column is on a narrow screen"
    async with page.expect_download() as waiting:
        await press(page, "Export as CSV")
    assert company.id in (await (await waiting.value).path()).read_text()


async def test_the_retention_policy(to: Open) -> None:
    page = await to("/owner/retention-policy/")
    await heading(page, "Retention policy")
    await shoot(page, "owner-retention")
    await page.locator("#days-ENTERPRISE").fill("45")
    await page.locator("form", has=page.locator("#days-ENTERPRISE")).get_by_role("button", name="Preview").click()
    await expect(page.get_by_text("Affected companies")).to_be_visible()
    await shoot(page, "owner-retention-preview")
    await page.get_by_label("Reason").fill("Asked for by a customer")
    await page.get_by_role("button", name="Create version").click()
    await expect(page.locator("#days-ENTERPRISE")).to_have_value("45")
