"""Visual and accessibility checks of a page: narrow and wide, light and dark, and by axe's rules."""

import re
from functools import cache
from pathlib import Path
from typing import Literal

from playwright.async_api import Page, expect

ROOT = Path(__file__).parents[2]
ISOLATES = "[\u2068\u2069]*"  # around a text from people
ARTIFACTS = ROOT / "artifacts"
AXE = ROOT / "services" / "owner-portal" / "web" / "node_modules" / "axe-core" / "axe.min.js"
WIDE = (1440, 900)
LOOKS: tuple[tuple[str, tuple[int, int], Literal["light", "dark"]], ...] = (
    ("widest-light", (1920, 1080), "light"),
    ("narrowest-dark", (360, 740), "dark"),
    ("wide-light", WIDE, "light"),
)
_SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_VIOLATIONS = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations
    .filter(({impact}) => impact === "serious" || impact === "critical")
    .map(({id, nodes}) => `${id}: ${nodes.map(({html}) => html).join(" ")}`);
}"""


@cache
def _axe() -> str:
    assert AXE.exists(), "axe-core is not there: `make web` installs it with the portal's other packages"
    return AXE.read_text()


async def shoot(page: Page, name: str) -> None:
    """Stores pictures of the page; checks that nothing overflows and that axe finds no serious violation."""
    ARTIFACTS.mkdir(exist_ok=True)
    for look, (width, height), scheme in LOOKS:
        await page.set_viewport_size({"width": width, "height": height})
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        await page.screenshot(path=ARTIFACTS / f"{name}-{look}.png", full_page=True, animations="disabled")
        assert await page.evaluate(_SIDEWAYS) <= 0, f"{name} is wider than a {look} screen"
        if width != WIDE[0]:
            await page.evaluate(_axe())
            violations = await page.evaluate(_VIOLATIONS)
            assert not violations, f"{name}, {look}: {violations}"


async def press(page: Page, name: str) -> None:
    """Clicks the button or link with exactly this name, ignoring isolating characters."""
    words = f"{ISOLATES} {ISOLATES}".join(re.escape(word) for word in name.split(" "))
    named = re.compile(f"^{ISOLATES}{words}{ISOLATES}$")
    both = page.get_by_role("button", name=named).or_(page.get_by_role("link", name=named))
    await both.first.click()


async def heading(page: Page, words: str) -> None:
    """Waits for the page with this title."""
    await expect(page.get_by_role("heading", level=1)).to_have_text(words)
