"""What each page about a company costs: statements and calls, counted while nothing else runs."""

from typing import Any

import pytest

from owner_portal.web.portal import Portal

MAX_STATEMENTS, MAX_CALLS = 6, 4


@pytest.fixture(scope="module")
async def company(services: None, portal: Portal, follow: Any, owner: Any) -> str:  # noqa: ARG001 - they run first
    """The path of a company that is known all over."""
    async with follow(portal):
        return f"/owner/company/{(await owner.found('Counted Ltd'))['id']}/"


@pytest.mark.parametrize(
    "page",
    [
        "",
        "billing/",
        "keys/",
        "audit/",
        "tracking-policy/",
        "change-plan/",
        "change-plan/?plan_code=ENTERPRISE",
        "edit/",
        "logo/edit/",
        "suspend/",
        "reactivate/",
        "close/",
        "rotate-key/",
        "record-payment/",
        "renew/",
        "extend/",
        "cancel/",
        "mark-past-due/",
        "usage.csv",
    ],
)
async def test_every_page_keeps_to_its_budget(owner: Any, company: str, page: str, cost: Any) -> None:
    for client in (owner.browser, owner.script):
        cost.reset()
        answer = await client.get(company + page)
        assert answer.status_code == 200, answer.text
        assert cost.statements <= MAX_STATEMENTS
        assert cost.calls <= MAX_CALLS
