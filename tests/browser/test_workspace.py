"""The pages of a company's own people."""

from playwright.async_api import BrowserContext, expect

from tests.platform.company import Found
from tests.platform.desktops import at_work
from tests.platform.running import Running
from tests.platform.screen import shoot


async def test_the_workspace_shows_the_team(context: BrowserContext, running: Running, found_company: Found) -> None:
    company = await found_company("Bryony", people=2)
    desktop = await at_work(company, company.people[1])
    desktop.tick(5)
    await desktop.upload()
    page = await context.new_page()
    await page.goto(f"{running.workspace}/login")
    await shoot(page, "workspace-login")
    await page.get_by_label("E-mail").fill(company.admin.email)
    await page.get_by_label("Password").fill(company.admin.password)
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="Team").click()
    for person in (company.admin, *company.people):
        await expect(page.get_by_role("cell", name=person.email)).to_be_visible()
    await shoot(page, "workspace-team")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
