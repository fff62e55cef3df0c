"""Text entered by people: addresses are distinguished, lists sorted, and nothing misleads."""

import unicodedata
from typing import Any

import pytest

from tracking.people.store import email_digest

NAMES = ["Arger", "Ärger", "Étienne", "łukasz", "Öztürk", "Zoë", "zulu"]
PASSWORD = "open sesame, please"


async def test_two_mailboxes_of_one_company_are_two_accounts(admin: Any, open_browser: Any, tenant: Any) -> None:
    composed = f"söhne@{tenant.company_id}.example"
    for email in (f"straße@{tenant.company_id}.example", f"strasse@{tenant.company_id}.example", composed):
        reply = await admin.send("/team", name="Ada", email=email, password=PASSWORD)
        assert reply.status_code == 303, email
    twice = unicodedata.normalize("NFD", composed)
    assert (await admin.send("/team", name="Ada", email=twice, password=PASSWORD)).status_code == 409
    assert (await open_browser().sign_in(twice, PASSWORD)).status_code == 303


@pytest.mark.parametrize(("one", "other"), [("ß", "ss"), ("\u212a", "k"), ("ſ", "s"), ("ﬁ", "fi")])
def test_digests_merge_no_mailboxes(one: str, other: str) -> None:
    assert email_digest(f"{one}@x.example") != email_digest(f"{other}@x.example")


async def test_people_stand_in_the_order_of_the_unicode_collation(admin: Any, tenant: Any) -> None:
    for number, name in enumerate(reversed(NAMES)):
        email = f"sorted{number}@{tenant.company_id}.example"
        assert (await admin.send("/team", name=name, email=email, password=PASSWORD)).status_code == 303
    for path in ("/team", "/reports"):
        shown = (await admin.page(path)).texts("th > a > bdi")
        assert [name for name in shown if name in NAMES] == NAMES, path
    options = (await admin.page("/sessions")).texts("[name=person] option")
    isolated = [f"\u2068{name}\u2069" for name in NAMES]
    assert [name for name, _, _email in (each.partition(" ") for each in options) if name in isolated] == isolated


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "A\u202eda"),
        ("name", "\u2800"),
        ("name", "\u3164"),
        ("email", "a\u2066b@x.example"),
        ("email", "\u212a@x.example"),
    ],
)
async def test_an_account_is_not_made_with_text_that_misleads(admin: Any, field: str, value: str) -> None:
    account = {"name": "Ada", "email": "ada@misleads.example", "password": PASSWORD} | {field: value}
    assert (await admin.send("/team", **account)).status_code == 400


@pytest.mark.parametrize("zone", ["Factory", "localtime", "posixrules", "posix/UTC", "right/UTC"])
async def test_zones_of_a_machine_are_neither_offered_nor_taken(admin: Any, tenant: Any, zone: str) -> None:
    path = str((await admin.page("/team")).all("a[href^='/team/']")[0]["href"])
    assert (await admin.page(f"{path}/account")).all(f"[value='{zone}']") == []
    form = {"name": "Ada", "email": f"zone@{tenant.company_id}.example", "role": "ADMIN", "time_zone": zone}
    assert (await admin.send(f"{path}/account", **form)).status_code == 400


async def test_a_file_begins_with_a_byte_order_mark_and_has_the_separator_asked_for(admin: Any) -> None:
    assert (await admin.see("/reports/daily.csv")).content.startswith(b'\xef\xbb\xbf"day","name","email",')
    found = await admin.see("/reports/daily.csv?separator=semicolon")
    assert found.content.startswith(b'\xef\xbb\xbf"day";"name";"email";')
