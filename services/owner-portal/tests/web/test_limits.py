"""The portal's limits from both sides: as much as is allowed is read, one more is not."""

from typing import Any

import httpx
import pytest

from owner_portal.app import MAX_BODY_BYTES, MAX_FORM_BYTES
from owner_portal.companies.pages.details import MAX_LOGO_BYTES
from owner_portal.dashboard.rules.listing import MAX_SEARCH, Listing

FILES = {"content-type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize(("limit", "headers"), [(MAX_BODY_BYTES, {}), (MAX_FORM_BYTES, FILES)])
async def test_a_form_as_large_as_is_allowed_and_one_byte_more(
    anonymous: httpx.AsyncClient, limit: int, headers: dict[str, str]
) -> None:
    for more in (0, 1):
        answer = await anonymous.post("/owner/login/", content=b"a" * (limit + more), headers=headers)
        assert (answer.status_code == 413) == bool(more)
        assert answer.status_code < 500


@pytest.mark.usefixtures("following")
async def test_a_logo_as_large_as_is_allowed_and_one_byte_more(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Large Logo Ltd'))['id']}/logo/edit/"
    magic = b"\x89PNG\r\n\x1a\n"
    for more, status in ((1, 400), (0, 303)):
        files = {"logo": ("logo.png", magic.ljust(MAX_LOGO_BYTES + more, b"x"), "image/png")}
        answer = await owner.browser.post(path, data={"csrf_token": owner.csrf_token}, files=files)
        assert answer.status_code == status


def test_a_search_text_is_cut() -> None:
    for more in (0, 1):
        assert Listing.read([("q", "a" * (MAX_SEARCH + more))]).search == "a" * MAX_SEARCH
