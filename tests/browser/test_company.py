"""One company, from its creation to its closing."""

import re

from playwright.async_api import Page, expect

from testkit.waiting import eventually
from tests.browser.conftest import Open
from tests.platform.company import Found
from tests.platform.desktops import account, at_work, uploaded
from tests.platform.numbers import settled
from tests.platform.running import Running
from tests.platform.screen import heading, press, shoot


async def reason(page: Page, button: str, words: str = "Agreed on the phone") -> None:
    await page.get_by_label("Reason").fill(words)
    await press(page, button)


async def test_a_new_companys_key_is_shown_once(to: Open, problems: list[str]) -> None:
    page = await to("/owner/company/create/")
    await press(page, "Create company")
    await expect(page.get_by_label("Company name")).to_have_attribute("aria-invalid", "true")
    await shoot(page, "owner-create-problems")
    await page.get_by_label("Company name").fill("Zinnia")
    await page.get_by_label("E-mail").fill("office@zinnia.example")
    await shoot(page, "owner-create")
    await press(page, "Create company")
    key = (await page.locator("#key").inner_text()).strip()
    assert re.fullmatch(r"company_[0-9a-f]{32}", key)
    await shoot(page, "owner-key")
    await press(page, "I have saved the key")
    await heading(page, "Zinnia")
    assert key not in await page.content()
    assert [problem for problem in problems if "400" not in problem] == []
    problems.clear()


async def test_the_page_of_a_company(to: Open, running: Running, found_company: Found) -> None:
    company = await found_company("Hyssop")
    desktop = await at_work(company, company.people[0], hours=2)
    desktop.tick(3600)
    assert (await uploaded(desktop)).ok
    await settled(running, company.id)
    page = await to(f"/owner/company/{company.id}/")
    chart = page.locator('[data-chart="usage"]')
    await expect(chart.locator("canvas")).to_be_visible()
    await chart.get_by_text("Show as table").click()
    await expect(chart.get_by_role("cell", name="60", exact=True)).to_be_visible()
    await shoot(page, "owner-company")
    for kind in ("PNG", "SVG", "CSV"):
        async with page.expect_download() as waiting:
            await chart.get_by_text(kind, exact=True).click()
        assert (await waiting.value).suggested_filename.endswith(kind.lower())
    for tab, words in (
        ("Billing", "Charges and credits"),
        ("Keys", "Last used"),
        ("Audit trail", "created in the owner portal"),
    ):
        await page.locator(".nav-tabs").get_by_role("link", name=tab, exact=True).click()
        await expect(page.get_by_text(words).first).to_be_visible()
        await shoot(page, f"owner-company-{tab.split()[0].lower()}")


async def test_editing_and_the_tracking_policy(to: Open, found_company: Found) -> None:
    company = await found_company("Medlar", people=0)
    page = await to(f"/owner/company/{company.id}/edit/")
    await page.get_by_label("Contact person").fill("Ada Stone")
    await shoot(page, "owner-edit")
    await reason(page, "Save changes")
    await expect(page.get_by_text("Ada Stone")).to_be_visible()
    await page.goto(f"{page.url.partition('?')[0]}tracking-policy/")
    await page.get_by_label("Idle threshold in seconds").fill("120")
    await shoot(page, "owner-policy")
    await reason(page, "Save policy")
    await expect(page.get_by_text("after 120 seconds")).to_be_visible()


async def test_changing_the_plan_shows_money_and_limits_first(to: Open, found_company: Found) -> None:
    company = await found_company("Sorrel", people=0)
    page = await to(f"/owner/company/{company.id}/change-plan/")
    await page.get_by_text("Enterprise", exact=False).first.click()
    await press(page, "Preview")
    await expect(page.get_by_text("2. Effective date")).to_be_visible()
    await expect(page.get_by_text("999").first).to_be_visible()
    await shoot(page, "owner-change-plan")
    await reason(page, "Change plan")
    await expect(page.locator('[data-cell="plan"]')).to_have_text("ENTERPRISE")
    await expect(page.locator('[data-cell="seats-limit"]')).to_have_text("999")


async def test_suspending_and_reactivating(to: Open, found_company: Found) -> None:
    company = await found_company("Aster")
    desktop = await at_work(company, company.people[0])
    page = await to(f"/owner/company/{company.id}/suspend/")
    await expect(page.get_by_text("signed out and refused")).to_be_visible()
    await shoot(page, "owner-suspend")
    await reason(page, "Suspend Aster", "The invoice is open")
    await expect(page.locator('[data-cell="status"]')).to_have_text("Suspended")
    await shoot(page, "owner-suspended")
    await eventually(desktop.poll_session, lambda tracks: not tracks)
    await press(page, "Reactivate")
    await shoot(page, "owner-reactivate")
    await press(page, "Reactivate Aster")
    await expect(page.locator('[data-cell="status"]')).to_have_text("Trial")
    await eventually(desktop.start)


async def test_rotating_the_key_with_a_grace_period(to: Open, found_company: Found) -> None:
    company = await found_company("Bracken")
    desktop = await at_work(company, company.people[0])
    page = await to(f"/owner/company/{company.id}/rotate-key/")
    await shoot(page, "owner-rotate")
    await reason(page, "Rotate key", "A laptop was lost")
    key = (await page.locator("#key").inner_text()).strip()
    assert key != company.key
    assert (await desktop.client.login_check(account(desktop))).ok, "the old key opens during its grace"
    await press(page, "I have saved the key")
    await page.get_by_role("link", name="Keys", exact=True).click()
    await expect(page.locator("tbody tr")).to_have_count(2)
    await shoot(page, "owner-keys")


async def test_payments_and_the_end(to: Open, found_company: Found) -> None:
    company = await found_company("Costmary", people=0)
    root = f"/owner/company/{company.id}/"
    page = await to(f"{root}extend/")
    await page.get_by_label("Days").fill("10")
    await shoot(page, "owner-extend")
    await reason(page, "Extend")
    await heading(page, "Costmary")
    await shoot(page, "owner-billing")
    page = await to(f"{root}cancel/")
    await shoot(page, "owner-cancel")
    await reason(page, "Cancel subscription")
    await expect(page.get_by_text("Cancelled").first).to_be_visible()
    page = await to(f"{root}close/")
    await page.get_by_label("Company name").fill("Costmary")
    await shoot(page, "owner-close")
    await reason(page, "Close Costmary permanently")
    await expect(page.locator('[data-cell="status"]')).to_have_text("Closed")
    page = await to("/owner/dashboard/?q=Costmary")
    await expect(page.get_by_text("No company matches")).to_be_visible()
