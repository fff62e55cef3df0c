"""The description of the API for scripts is complete."""

import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

import owner_portal
from owner_portal import app

BELOW = "/owner/company/{company_id:uuid}/"


def actions() -> Iterator[str]:
    """Every address below /owner/company/ that is posted to, as the description writes it."""
    found = walk_packages(owner_portal.__path__, "owner_portal.")
    modules = [import_module(each.name) for each in found if ".pages" in each.name]
    routers = [router for module in modules if isinstance(router := vars(module).get("router"), APIRouter)]
    for route in (route for router in routers for route in router.routes):
        if isinstance(route, APIRoute) and "POST" in (route.methods or ()) and route.path.startswith(BELOW):
            yield re.sub(r"{(\w+)_id:uuid}", r"<\1 id>", route.path.removeprefix(BELOW))


@pytest.mark.parametrize("path", list(actions()))
def test_every_action_on_a_company_is_described(path: str) -> None:
    assert re.search(rf"^    POST {re.escape(path)} ", app.__doc__ or "", re.MULTILINE)
