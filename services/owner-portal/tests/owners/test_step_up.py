"""What is hard to undo asks once more who it is, and loses nothing that was typed."""

from typing import Any

import pyotp
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.throttle import BUDGETS, CountKind
from testkit.pages import Page

PASSWORD = "correct horse battery"
INVITE = "/owner/owners/invite/"


async def grow_old(engine: AsyncEngine, minutes: int = 11) -> None:
    async with engine.begin() as tx:
        await tx.execute(text(f"UPDATE owner_session SET proved_at = now() - interval '{minutes} minutes'"))


def held(page: str) -> dict[str, str]:
    """The hidden fields of the form."""
    return {str(field["name"]): str(field["value"]) for field in Page(page).all("main form [type=hidden]")}


async def test_soon_after_signing_in_nothing_is_asked(enter: Any) -> None:
    owner = await enter("fresh@tenantry.example")
    assert (await owner.call(INVITE, email="soon@tenantry.example")).status_code == 201


async def test_the_form_is_held_until_it_is_confirmed(enter: Any, engine: AsyncEngine) -> None:
    owner = await enter("held@tenantry.example")
    await grow_old(engine, 9)
    assert (await owner.send(INVITE, email="nine@tenantry.example")).status_code == 303
    await grow_old(engine)
    typed = {"email": "held-one@tenantry.example", "note": 'a "quoted" <note>\nin two lines'}
    answer = await owner.send(INVITE, **typed)
    assert answer.status_code == 403
    page = Page(answer.text)
    assert page.heading == "Confirm your identity"
    assert INVITE in page.addresses
    kept = held(answer.text)
    assert {name: value for name, value in kept.items() if name != "csrf_token"} == typed
    wrong = await owner.browser.post(INVITE, data=kept | {"step_up_password": "wrong"})
    assert wrong.status_code == 403
    assert any("Wrong password" in alert for alert in Page(wrong.text).alerts)
    assert typed.items() <= held(wrong.text).items()
    done = await owner.browser.post(INVITE, data=kept | {"step_up_password": PASSWORD})
    assert done.status_code == 303
    page = Page((await owner.browser.get(done.headers["location"])).text)
    assert "held-one@tenantry.example has been invited" in page.texts("h2")
    assert "held-one@tenantry.example" in page.texts("h2 bdi")
    assert (await owner.send(INVITE, email="next@tenantry.example")).status_code == 303, "confirmed for a while"


async def test_a_script_is_told_what_to_send(enter: Any, engine: AsyncEngine) -> None:
    owner = await enter("told@tenantry.example")
    await grow_old(engine)
    answer = await owner.call(INVITE, email="told-one@tenantry.example")
    assert (answer.status_code, answer.json()["kind"]) == (403, "step_up_required")
    assert "step_up_password" in answer.json()["detail"]
    answer = await owner.call(INVITE, email="told-one@tenantry.example", step_up_password="wrong")
    assert (answer.status_code, answer.json()["kind"]) == (403, "step_up_required")
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
    assert (answer.status_code, answer.json()["kind"]) == (403, "step_up_required")


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
    assert (answer.status_code, answer.json()["kind"]) == (403, "forbidden")
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
    page = Page((await owner.send(INVITE, email="both-one@tenantry.example")).text)
    assert page.field("step_up_code").value == ""
    answer = await owner.call(INVITE, email="both-one@tenantry.example", step_up_password=PASSWORD)
    assert answer.json()["kind"] == "step_up_required"
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
    assert (answer.status_code, answer.json()["kind"]) == (429, "rate_limited")
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
    assert (answer.status_code, answer.json()["kind"]) == (403, "step_up_required")
