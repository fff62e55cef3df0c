"""Every form that succeeds is answered with a redirect, so that reloading sends nothing again; or it says why not."""

import importlib
import inspect
import pkgutil
import sys
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute

import owner_portal

# Route to why a browser's answer is a page.
PAGES = {
    "/owner/held/": "has no effect: it shows what was typed, to be sent or not",
    "/owner/company/create/": "the key is stored nowhere; the same request again gets the same answer for 24 hours",
    "/owner/company/{company_id:uuid}/rotate-key/": "the same",
}


def posts() -> dict[str, APIRoute]:
    found = pkgutil.walk_packages(owner_portal.__path__, "owner_portal.")
    names = [each.name for each in found if ".pages" in each.name]
    modules = [importlib.import_module(name) for name in names]
    routers = [router for module in modules if isinstance(router := vars(module).get("router"), APIRouter)]
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    return {route.path: route for route in routes if "POST" in (route.methods or ())}


def redirects(function: Any, depth: int = 3) -> bool:
    """Whether it, or what it calls of its module or of those it imports from, makes a redirect."""
    source = inspect.getsource(function)
    if "RedirectResponse(" in source:
        return True
    names = vars(sys.modules[function.__module__])
    called = [value for name, value in names.items() if f"{name}(" in source and inspect.isfunction(value)]
    ours = [value for value in called if value.__module__.startswith("owner_portal.") and value is not function]
    return depth > 0 and any(redirects(value, depth - 1) for value in ours)


def test_every_form_redirects() -> None:
    routes = posts()
    assert len(routes) > 30, "they are found"
    assert {path for path, route in routes.items() if not redirects(route.endpoint)} == PAGES.keys()
