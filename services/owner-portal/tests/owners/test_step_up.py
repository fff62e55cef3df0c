"""What is hard to undo asks once more who it is, and loses nothing that was typed."""

import html
import re
from typing import Any

import pyotp
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.throttle import BUDGETS, CountKind

PASSWORD = "correct horse battery"
INVITE = "/owner/owners/invite/"


async def grow_old(engine: AsyncEngine, minutes: int = 11) -> None:
    async with engine.begin() as tx:
        await tx.execute(text(f"UPDATE owner_session SET proved_at = now() - interval '{minutes} minutes'"))


def held(page: str) -> dict[str, str]:
    """The hidden fields of the form."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.split("<main")[1])
    return {name: html.unescape(value) for name, value in found}


async def test_soon_after_signing_in_nothing_is_asked(enter: Any) -> None:
    owner = await enter("fresh@tenantry.example")
    assert (await owner.call(INVITE, email="soon@tenantry.example")).status_code == 201


async def test_the_form_is_held_until_it_is_confirmed(enter: Any, engine: AsyncEngine) -> None:
    owner = await enter("held@tenantry.example")
    await grow_old(engine, 9)
    assert (await owner.send(INVITE, email="nine@tenantry.example")).status_code == 303
    await grow_old(engine)
    typed = {"email": "held-one@tenantry.example", "note": 'a "quoted" <note>\nin two lines'}
    page = await owner.send(INVITE, **typed)
    assert page.status_code == 403
    assert "Confirm your identity" in page.text
    assert f'action="{INVITE}"' in page.text
    kept = held(page.text)
    assert {name: value for name, value in kept.items() if name != "csrf_token"} == typed
    wrong = await owner.browser.post(INVITE, data=kept | {"step_up_password": "wrong"})
    assert wrong.status_code == 403
    assert "Wrong password" in wrong.text
    assert typed.items() <= held(wrong.text).items()
    done = await owner.browser.post(INVITE, data=kept | {"step_up_password": PASSWORD})
    assert done.status_code == 303
    assert (
        "<bdi>held-one@tenantry.example</bdi> has been invited"
        in (await owner.browser.get(done.headers["location"])).text
    )
    assert (await owner.send(INVITE, email="next@tenantry.example")).status_code == 303, "confirmed for a while"


async def test_a_script_is_told_what_to_send(enter: Any, engine: AsyncEngine) -> None:
    owner = await enter("told@tenantry.example")
    await grow_old(engine)
    answer = await owner.call(INVITE, email="told-one@tenantry.example")
    assert (answer.status_code, answer.json()["error"]["kind"]) == (403, "step_up_required")
    assert "step_up_password" in answer.json()["error"]["message"]
    answer = await owner.call(INVITE, email="told-one@tenantry.example", step_up_password="wrong")
    assert (answer.status_code, answer.json()["error"]["kind"]) == (403, "step_up_required")
    answer = await owner.call(INVITE, email="told-one@tenantry.example", step_up_password=PASSWORD)
    assert answer.status_code == 201


async def test_a_new_password_proves_nothing_of_the_second_factor(enter: Any, engine: AsyncEngine) -> None:
    owner = await enter("renewed@tenantry.example")
    secret = (await owner.call("/owner/account/second-factor/")).json()["secret"]
    await owner.call("/owner/account/second-factor/confirm/", code=pyotp.TOTP(secret).now())
    await grow_old(engine)
    new = "another horse entirely"
    answer = await owner.call("/owner/account/password/", present_password=PASSWORD, new_password=new)
    headers = {"x-csrf-token": answer.json()["csrf_token"]}
    answer = await owner.script.post(INVITE, json={"email": "never@tenantry.example"}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (403, "step_up_required")


async def test_an_offered_secret_is_not_shown_without_a_recent_step_up(enter: Any, engine: AsyncEngine) -> None:
    owner = await enter("offered@tenantry.example")
    secret = (await owner.call("/owner/account/second-factor/")).json()["secret"]
    await grow_old(engine)
    answer = await owner.send("/owner/account/second-factor/confirm/", code="000000")
    assert answer.status_code == 403
    assert secret[:4] not in answer.text


async def test_a_script_may_confirm_before(enter: Any, engine: AsyncEngine) -> None:
    owner = await enter("early@tenantry.example")
    await grow_old(engine)
    answer = await owner.call("/owner/step-up/", step_up_password="wrong")
    assert (answer.status_code, answer.json()["error"]["kind"]) == (403, "forbidden")
    assert (await owner.call("/owner/step-up/", step_up_password=PASSWORD)).status_code == 200
    assert (await owner.call(INVITE, email="early-one@tenantry.example")).status_code == 201
    answer = await owner.send("/owner/step-up/", step_up_password=PASSWORD)
    assert answer.headers["location"] == "/owner/account/"


async def test_with_a_second_factor_both_are_asked(enter: Any, engine: AsyncEngine) -> None:
    owner = await enter("both@tenantry.example")
    secret = (await owner.call("/owner/account/second-factor/")).json()["secret"]
    code = pyotp.TOTP(secret).now()
    recovery = (await owner.call("/owner/account/second-factor/confirm/", code=code)).json()["recovery_codes"]
    await grow_old(engine)
    page = await owner.send(INVITE, email="both-one@tenantry.example")
    assert 'name="step_up_code"' in page.text
    answer = await owner.call(INVITE, email="both-one@tenantry.example", step_up_password=PASSWORD)
    assert answer.json()["error"]["kind"] == "step_up_required"
    fields = {"step_up_password": PASSWORD, "step_up_code": code}
    assert (await owner.call(INVITE, email="both-one@tenantry.example", **fields)).status_code == 403, "already used"
    fields["step_up_code"] = recovery[0]
    assert (await owner.call(INVITE, email="both-one@tenantry.example", **fields)).status_code == 201


async def test_slows_down_guessing(enter: Any, engine: AsyncEngine) -> None:
    owner = await enter("stolen@tenantry.example")
    await grow_old(engine)
    for _ in range(BUDGETS[CountKind.PROOF].window):
        assert (await owner.call("/owner/step-up/", step_up_password="guess")).status_code == 403
    answer = await owner.call("/owner/step-up/", step_up_password=PASSWORD)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (429, "rate_limited")
    assert (await owner.send(INVITE, email="x@tenantry.example", step_up_password=PASSWORD)).status_code == 429


@pytest.mark.parametrize(
    "path",
    [
        INVITE,
        "/owner/owners/invitations/01980000-0000-7000-8000-000000000001/withdraw/",
        "/owner/owners/01980000-0000-7000-8000-000000000001/deactivate/",
        "/owner/account/second-factor/",
        "/owner/account/second-factor/recovery-codes/",
        "/owner/account/second-factor/remove/",
        "/owner/company/01980000-0000-7000-8000-000000000001/suspend/",
        "/owner/company/01980000-0000-7000-8000-000000000001/close/",
        "/owner/company/01980000-0000-7000-8000-000000000001/rotate-key/",
        "/owner/company/01980000-0000-7000-8000-000000000001/keys/01980000-0000-7000-8000-000000000002/revoke/",
        "/owner/company/01980000-0000-7000-8000-000000000001/change-plan/",
        "/owner/company/01980000-0000-7000-8000-000000000001/cancel/",
        "/owner/company/01980000-0000-7000-8000-000000000001/payments/01980000-0000-7000-8000-000000000002/reverse/",
    ],
)
async def test_what_needs_it(enter: Any, engine: AsyncEngine, path: str) -> None:
    owner = await enter("paths@tenantry.example")
    await grow_old(engine)
    answer = await owner.call(path, reason="because")
    assert (answer.status_code, answer.json()["error"]["kind"]) == (403, "step_up_required")
