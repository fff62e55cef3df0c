"""During an outage, the open page names it, keeps stale values, and recovers by itself."""

from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.platform.company import Found
from tests.platform.faults import stopped
from tests.platform.running import Running
from tests.platform.screen import shoot


async def test_billing_goes_and_comes_back(
    to: Open, running: Running, found_company: Found, problems: list[str]
) -> None:
    await found_company("Samphire", people=0)
    page = await to("/owner/dashboard/?q=Samphire")
    notices = page.locator("[data-notices]")
    await expect(notices).to_be_hidden()
    async with stopped(running, "billing"):
        await expect(notices).to_contain_text("Billing does not respond", timeout=40_000)
        await expect(page.get_by_role("link", name="Samphire")).to_be_visible()
        await shoot(page, "owner-billing-away")
        await page.goto(f"{running.portal}/owner/reports/")
        await expect(page.get_by_text("Billing does not respond at the moment.")).to_be_visible()
        await shoot(page, "owner-reports-billing-away")
        await page.goto(f"{running.portal}/owner/dashboard/?q=Samphire")
    await expect(notices).to_be_hidden(timeout=40_000)
    assert [problem for problem in problems if "503" not in problem] == []
    problems.clear()
