"""Sign-in by keyboard, with a second factor and by an invitation; and sign-out."""

import re
from email import message_from_bytes, policy
from pathlib import Path

import pyotp
from playwright.async_api import BrowserContext, Page, expect

from testkit.waiting import eventually
from tests.browser.conftest import Open
from tests.platform.running import Running
from tests.platform.screen import heading, press, shoot

PASSWORD = "a long and quiet evening"


async def test_a_stranger_gets_to_the_login_and_in_by_keyboard(context: BrowserContext, running: Running) -> None:
    page = await context.new_page()
    await page.goto(f"{running.portal}/")
    await expect(page.get_by_label("E-mail")).to_be_focused()
    await shoot(page, "owner-login")
    await page.keyboard.type(running.platform.secrets.owner_email)
    await page.keyboard.press("Tab")
    await page.keyboard.type(running.platform.secrets.owner_password)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Sign in")).to_be_focused()
    await page.keyboard.press("Enter")
    await heading(page, "Dashboard")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()


async def test_a_wrong_password(context: BrowserContext, running: Running, problems: list[str]) -> None:
    page = await context.new_page()
    await page.goto(f"{running.portal}/owner/login/")
    await page.get_by_label("E-mail").fill("nobody@tenantry.example")
    await page.get_by_label("Password").fill("a guess that is wrong")
    await press(page, "Sign in")
    await expect(page.get_by_role("alert")).to_contain_text("Wrong e-mail or password.")
    await shoot(page, "owner-login-refused")
    assert [problem for problem in problems if "401" not in problem] == []
    problems.clear()


def _invited(folder: Path, email: str) -> str | None:
    """Returns the link in the newest e-mail to this address."""
    for file in sorted(folder.glob("*.eml"), reverse=True):
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
        if message["To"] == email:
            [link] = re.findall(r"https?://\S+", message.get_content())[:1]
            return str(link)
    return None


async def _codes(page: Page, secret: str) -> None:
    await page.get_by_label("Code").fill(pyotp.TOTP(secret).now())


async def test_from_an_invitation_to_a_second_factor(
    to: Open, context: BrowserContext, running: Running, problems: list[str]
) -> None:
    page = await to("/owner/owners/")
    await heading(page, "Owners & security")
    await page.get_by_label("E-mail").fill("second@tenantry.example")
    await press(page, "Send invitation")
    await expect(page.get_by_text("second@tenantry.example has been invited")).to_be_visible()
    await shoot(page, "owner-invited")
    link = await eventually(lambda: _invited(running.home.root / "mail", "second@tenantry.example"))
    assert link is not None

    await context.clear_cookies()
    await page.goto(link)
    await expect(page.get_by_label("Password", exact=True)).to_be_visible()
    assert page.url == f"{running.portal}/owner/invitation/", "the token is in no address"
    await shoot(page, "owner-invitation")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("Repeat the password").fill(PASSWORD)
    await press(page, "Create account")
    await expect(page.get_by_text("second@tenantry.example").first).to_be_visible()

    await page.goto(f"{running.portal}/owner/account/")
    await shoot(page, "owner-account")
    await press(page, "Set up a second factor")
    secret = re.sub(r"\s", "", await page.locator("#secret").inner_text())
    await shoot(page, "owner-second-factor")
    await _codes(page, secret)
    await press(page, "Turn on")
    codes = (await page.locator("#codes").inner_text()).split()
    assert len(codes) >= 8
    await shoot(page, "owner-recovery-codes")
    await press(page, "I have saved the codes")
    await expect(page.get_by_text("this one")).to_be_visible()

    await page.locator("summary", has_text="second@tenantry.example").click()
    await press(page, "Sign out")
    await heading(page, "Sign in to the owner portal")
    await page.get_by_label("E-mail").fill("second@tenantry.example")
    await page.get_by_label("Password").fill(PASSWORD)
    await press(page, "Sign in")
    await expect(page.get_by_label("Code")).to_be_focused()
    await shoot(page, "owner-code")
    await page.get_by_label("Code").fill(codes[0])
    await press(page, "Sign in")
    await heading(page, "Dashboard")
    assert [problem for problem in problems if "401" not in problem] == []
    problems.clear()


async def test_ending_another_session(to: Open, context: BrowserContext, running: Running) -> None:
    page = await to("/owner/account/")
    await expect(page.get_by_text("this one")).to_be_visible()
    sessions = page.locator("tbody tr")
    before = await sessions.count()
    other = await context.browser.new_context() if context.browser else None
    assert other is not None
    elsewhere = await other.new_page()
    await elsewhere.goto(f"{running.portal}/owner/login/")
    await elsewhere.get_by_label("E-mail").fill(running.platform.secrets.owner_email)
    await elsewhere.get_by_label("Password").fill(running.platform.secrets.owner_password)
    await press(elsewhere, "Sign in")
    await heading(elsewhere, "Dashboard")
    await page.reload()
    await expect(sessions).to_have_count(before + 1)
    ends = page.get_by_role("button", name="End the session on")
    await ends.first.click()
    await expect(sessions).to_have_count(before)
    await elsewhere.goto(f"{running.portal}/owner/dashboard/")
    await heading(elsewhere, "Sign in to the owner portal")
    await other.close()
