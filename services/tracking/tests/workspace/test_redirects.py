"""Every successful form is answered with a redirect, so that reloading sends nothing again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.routing import Mount

from credentials.tokens import new_token, token_digest
from services.tracking.tests.fixtures.platform import NewKey, NewTenant, ReadRows, Tenant
from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser
from tracking.db.store.scope import company_scope
from tracking.devices.use_cases.authenticate import Authenticator
from tracking.sessions.use_cases.lifecycle import start_session
from tracking.sign_in.store import password_resets
from tracking.sign_in.use_cases.log_in import log_in

ANSWERED_ITSELF = {
    "/held": "has no effect: it shows what was typed, to be sent or not",
    "/login/company": "redirects, once a password has opened several companies: test_several_companies.py",
}


def posts(app: object) -> set[str]:
    found = set()
    for route in getattr(app, "routes", ()):
        if isinstance(route, APIRoute):
            found |= {route.path} if "POST" in (route.methods or ()) else set()
        elif not isinstance(route, Mount):
            found |= posts(getattr(route, "original_router", None))
    return found


@pytest.fixture
async def tenant(new_tenant: NewTenant) -> Any:
    """A company of the test's own."""
    return await new_tenant(people=2)


async def test_every_form_redirects(
    app: FastAPI,
    admin: Browser,
    tenant: Tenant,
    engine: AsyncEngine,
    stored: ReadRows,
    new_key: NewKey,
    open_browser: OpenBrowser,
) -> None:
    people = {row["email"]: row for row in await stored("employee", tenant.company_id)}
    first, second = (people[email] for email in tenant.people)
    now = datetime.now(UTC)
    account = {"email": tenant.people[1], "password": tenant.password, "origin": "desktop"}
    devices = [await log_in(engine, tenant.company_id, **account, now=now) for _ in range(2)]
    found = [await Authenticator(engine).device(tenant.company_id, device.token) for device in devices]
    sessions = []
    for device in found:
        assert device is not None
        sessions.append((await start_session(engine, tenant.company_id, device, desktop_time=now, now=now)).number)
    token = new_token()
    async with company_scope(engine, tenant.company_id) as tx:
        link = {"employee_id": first["employee_id"], "time": timedelta(hours=1)}
        await password_resets.save(tx, tenant.company_id, token_digest=token_digest(token), **link)
    company_id, key = await new_key()
    password = "a wholly new sesame"
    person = {"name": "Bo", "email": tenant.people[0], "role": "EMPLOYEE"}
    task = {"title": "Write", "description": "", "due_date": ""}
    one, two = f"/team/{first['number']}", f"/team/{second['number']}"
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("/team/{number}", two, task),
        ("/team/{number}/account", f"{one}/account", person),
        ("/team/{number}/password", f"{one}/password", {"password": ""}),
        ("/team/{number}/unlock", f"{one}/unlock", {}),
        ("/team/{number}/deactivate", f"{one}/deactivate", {}),
        ("/team/{number}/reactivate", f"{one}/reactivate", {}),
        ("/team", "/team", {"name": "Cleo", "email": f"cleo@{tenant.company_id}.example", "password": password}),
        ("/settings", "/settings", {"name": "Acme", "colour": "#123456", "target_hours": "8"}),
        ("/sessions/{number}/end", f"/sessions/{sessions[0]}/end", {}),
        ("/sessions/{number}/delete", f"/sessions/{sessions[1]}/delete", {}),
        ("/account", "/account", {"present": tenant.password, "new": password}),
        ("/forgot", "/forgot", {"email": f"redirected@{tenant.company_id}.example"}),
    ]
    revoke = f"/team/{second['number']}/devices/{found[0].device_id}/revoke"  # type: ignore[union-attr]
    steps.append(("/team/{number}/devices/{device_id}/revoke", revoke, {}))
    done = {route: await admin.send(path, **fields) for route, path, fields in steps}
    [row] = await stored("task", tenant.company_id)
    path = f"/tasks/{row['number']}"
    done["/tasks/{number}/note"] = await admin.send(f"{path}/note", note="Half")
    done["/tasks/{number}"] = await admin.send(path, **task, person=second["number"])
    done["/tasks/{number}/delete"] = await admin.send(f"{path}/delete")
    done["/logout"] = await admin.send("/logout")
    done["/login"] = await admin.sign_in(tenant.admin, password)
    setup = {"key": key, "name": "Ada", "email": f"ada@{company_id}.example", "password": password}
    done["/setup"] = await open_browser().post("/setup", **setup)
    async with company_scope(engine, tenant.company_id) as tx:
        await password_resets.save(tx, tenant.company_id, token_digest=token_digest(token), **link)
    done["/reset"] = await open_browser().post("/reset", code=f"{tenant.company_id.hex}.{token}", new=password)
    assert {route: reply.status_code for route, reply in done.items()} == dict.fromkeys(done, 303)
    assert posts(app) == done.keys() | ANSWERED_ITSELF.keys()
