"""Alerts: the bell in an open page, acknowledging and snoozing, and e-mails."""

from playwright.async_api import expect

from testkit.waiting import eventually
from tests.browser.conftest import Open
from tests.platform.company import Found
from tests.platform.numbers import settled
from tests.platform.running import Running
from tests.platform.screen import heading, press, shoot


async def evaluated(running: Running) -> None:
    """Waits until the portal has evaluated all alerts once more."""
    running.execute("portal", "UPDATE alert_turn SET taken_at = '-infinity'")
    await eventually(lambda: running.rows("portal", "SELECT taken_at FROM alert_turn WHERE taken_at > '-infinity'"))


async def test_the_bell_rings_in_an_open_page(to: Open, running: Running, found_company: Found) -> None:
    await evaluated(running)  # what other tests left would ring too
    page = await to("/owner/alerts/")
    await heading(page, "Alerts")
    running.execute("portal", "DELETE FROM alert_digest")  # otherwise the next digest would wait an hour
    await page.get_by_label("How often").select_option("HOURLY")
    await press(page, "Save")
    await expect(page.get_by_label("How often")).to_have_value("HOURLY")
    await page.evaluate("window.sameDocument = true")
    company = await found_company("Tansy", people=4, plan="FREE")  # with the admin five of five seats
    await settled(running, company.id)
    await evaluated(running)
    await expect(page.get_by_text("The alerts have changed.")).to_be_visible(timeout=25_000)
    await expect(page.locator("[data-bell]")).to_be_visible()
    assert await page.evaluate("window.sameDocument"), "the page was not loaded again"
    await press(page, "Show them")

    alert = page.locator(f'[data-alert="{company.id}:SEATS"]')
    await expect(alert).to_contain_text("5 of 5 seats are in use.")
    await shoot(page, "owner-alerts")
    mails = running.home.root / "mail"
    await eventually(lambda: [file for file in mails.glob("*.eml") if "Tansy" in file.read_text()])

    await alert.get_by_text("Snooze").click()
    await alert.get_by_role("button", name="For 7 days").click()
    await expect(alert).to_have_count(0)
    await page.get_by_label("State").select_option("SNOOZED")
    await expect(alert).to_contain_text("snoozed until")
    await alert.get_by_role("button", name="Reopen").click()
    await expect(alert).to_have_count(0)
    await page.get_by_label("State").select_option("OPEN")
    await alert.get_by_role("button", name="Acknowledge").click()
    await expect(alert).to_have_count(0)
    await page.get_by_label("State").select_option("ACKNOWLEDGED")
    await expect(alert).to_contain_text("acknowledged by")
    await shoot(page, "owner-alerts-acknowledged")
