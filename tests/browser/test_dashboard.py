"""The dashboard: live updates, search, sorting, columns, CSV, and the colour scheme."""

from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.platform.company import Found
from tests.platform.desktops import at_work, uploaded
from tests.platform.screen import heading, press, shoot


async def test_the_dashboard_updates_itself(to: Open, found_company: Found) -> None:
    company = await found_company("Yarrow")
    desktop = await at_work(company, company.people[0], hours=3)
    page = await to("/owner/dashboard/?q=Yarrow")
    minutes = page.locator(f'[data-company="{company.id}"] [data-cell="minutes"]')
    await expect(minutes).to_have_text("0")
    await page.evaluate("window.sameDocument = true")
    desktop.tick(5400)
    assert (await uploaded(desktop)).ok
    await expect(minutes).to_have_text("90", timeout=15_000)
    assert await page.evaluate("window.sameDocument"), "the page was not loaded again"
    await shoot(page, "owner-dashboard")


async def test_search_sort_and_columns_stand_in_the_address(to: Open, found_company: Found) -> None:
    for name in ("Umbel", "Umbra"):
        await found_company(name, people=0)
    page = await to("/owner/dashboard/")
    await page.get_by_role("searchbox", name="Search name, e-mail or contact").fill("umb")
    await page.keyboard.press("Enter")
    names = page.locator("tr[data-company] th")
    await expect(names).to_have_count(2)
    await expect(names.first).to_contain_text("Umbel")
    await page.locator("thead a", has_text="Company").click()
    await expect(names.first).to_contain_text("Umbra")
    await page.get_by_text("Columns", exact=True).click()
    await page.get_by_role("checkbox", name="Storage").uncheck()
    await press(page, "Apply")
    await expect(page.get_by_role("columnheader", name="Storage")).to_have_count(0)
    for part in ("q=umb", "dir=desc", "column="):
        assert part in page.url
    await shoot(page, "owner-dashboard-columns")
    await page.reload()
    await expect(names.first).to_contain_text("Umbra")
    async with page.expect_download() as waiting:
        await press(page, "CSV")
    text = (await (await waiting.value).path()).read_text()
    assert ',"Umbra",' in text.splitlines()[1], "the file holds what the page shows, in its order"


async def test_going_back_the_filters_say_what_the_address_says(to: Open, found_company: Found) -> None:
    await found_company("Vervain", people=0)
    page = await to("/owner/dashboard/")
    status = page.locator("select[name=status]")
    for choice in ("TRIAL", "ACTIVE"):
        await status.select_option(choice)
        await page.wait_for_url(f"**status={choice}&**")
    for choice in ("TRIAL", ""):
        await page.go_back()
        await expect(status).to_have_value(choice)
        assert ("status=" in page.url) == bool(choice)
    # A browser that kept the page in its memory shows it as it was left.
    await status.evaluate("select => { select.value = 'CLOSED' }")
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    await expect(status).to_have_value("")


async def test_a_search_has_a_button(to: Open, found_company: Found) -> None:
    await found_company("Spindleberry", people=0)
    page = await to("/owner/dashboard/")
    await page.get_by_role("searchbox", name="Search name, e-mail or contact").fill("spindleb")
    await press(page, "Search")
    await expect(page.locator("tr[data-company]")).to_have_count(1)
    assert "q=spindleb" in page.url
    await page.set_viewport_size({"width": 1280, "height": 800})
    tools = page.locator(".tools-search, .tools > select, .tools > a, .tools > details")
    lines = await tools.evaluate_all("all => all.map(tool => Math.round(tool.getBoundingClientRect().bottom / 10))")
    assert len(set(lines)) == 1, "everything is on one line"


async def test_nothing_matches(to: Open, found_company: Found) -> None:
    await found_company("Bistort", people=0)
    page = await to("/owner/dashboard/?q=there-is-no-such-company")
    await expect(page.get_by_text("No company matches")).to_be_visible()
    await shoot(page, "owner-dashboard-empty")
    await press(page, "Show all companies")
    await expect(page.locator("tr[data-company]").first).to_be_visible()


async def test_dark_and_light_are_remembered(to: Open) -> None:
    page = await to("/owner/dashboard/")
    for theme in ("Dark", "Light"):
        await page.get_by_label("Light or dark").click()
        await page.get_by_role("button", name=theme).click()
        await expect(page.locator("html")).to_have_attribute("data-bs-theme", theme.lower())
        await page.reload()
        await heading(page, "Dashboard")
        await expect(page.locator("html")).to_have_attribute("data-bs-theme", theme.lower())
