import asyncio, pathlib, re
import pytest
from playwright.async_api import async_playwright
from owner_portal.feed.directory import DirectoryFeed
from owner_portal.application.keep_directory import confirm_usage

OUT = pathlib.Path("/tmp/pshots")
OUT.mkdir(exist_ok=True)


async def test_shots(engine, portal, url, owner, run, services, eventually):
    feed = DirectoryFeed(portal.engine, portal.tenancy, portal.billing, portal.live)

    async def up():
        try:
            return await portal.billing.list_plans()
        except Exception:
            return False

    await eventually(up)
    async with run(feed.follow_companies(), feed.follow_subscriptions(), feed.follow_sync_times(), portal.live.run()):
        async with async_playwright() as pw:
            b = await pw.chromium.launch(
                executable_path="/usr/bin/chromium",
                args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
            )
            c = owner.browser.cookies
            name = next(iter(c))
            value = c[name]
            msgs = []
            for scheme, w in (("light", 1440), ("dark", 1440), ("light", 360), ("dark", 360)):
                ctx = await b.new_context(viewport={"width": w, "height": 900}, color_scheme=scheme)
                await ctx.add_cookies([{"name": name, "value": value, "url": url}])
                page = await ctx.new_page()
                page.on("console", lambda m: msgs.append((m.type, m.text)) if m.type in ("error", "warning") else None)
                page.on("pageerror", lambda e: msgs.append(("pageerror", str(e))))

                async def shot(n):
                    over = await page.evaluate(
                        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                    )
                    if over > 0:
                        print("OVERFLOW", n, w, over)
                    await page.screenshot(path=OUT / f"{n}-{scheme}-{w}.png", full_page=True)

                await page.goto(url + "/owner/company/create/")
                await shot("create")
                await page.fill("#name", f"Meridian {scheme} {w}")
                await page.fill("#email", "nobody")
                await page.click("main button.primary")
                await shot("create-wrong")
                await page.fill("#email", "office@meridian.example")
                await page.click("main button.primary")
                await shot("key")
                await page.click("[data-copy]")
                await asyncio.sleep(0.1)
                print(await page.inner_text("[data-copy]"))
                await page.click("main a.button.primary")
                await asyncio.sleep(0.3)
                await shot("new-company")
                await page.fill("#suspend-reason", "unpaid since May")
                await page.click("text=Suspend Meridian")
                await asyncio.sleep(0.2)
                await shot("suspended")
                await page.goto(url + "/owner/company/create/")
                await page.fill("#name", f"meridian {scheme} {w}")
                await page.fill("#email", "a@b.example")
                await page.click("main button.primary")
                await shot("taken")
                # live: another session suspends; the open dashboard follows
                await page.goto(url + "/owner/dashboard/")
                await asyncio.sleep(1.0)
                before = await page.inner_text("[data-totals] [data-cell=count-SUSPENDED]")
                cid = await page.get_attribute("tr[data-company]", "data-company")
                r = await owner.call(f"/owner/company/{cid}/reactivate/")
                await page.wait_for_function(
                    "b => document.querySelector('[data-totals] [data-cell=count-SUSPENDED]').textContent !== b",
                    arg=before,
                    timeout=8000,
                )
                print("live ok", before, await page.inner_text("[data-totals] [data-cell=count-SUSPENDED]"))
                await ctx.close()
            print(set(msgs))
            await b.close()
