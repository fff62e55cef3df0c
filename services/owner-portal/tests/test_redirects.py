"""Every form that succeeds is answered with a redirect, so that reloading sends nothing again; or it says why not."""

import inspect
import sys
from typing import Any

from fastapi.routing import APIRoute

from owner_portal.api.app import create_app
from owner_portal.api.portal import Portal

# Route to why a browser's answer is a page.
PAGES = {
    "/owner/held/": "has no effect: it shows what was typed, to be sent or not",
    "/owner/company/create/": "the key is stored nowhere; the same request again gets the same answer for 24 hours",
    "/owner/company/{company_id:uuid}/rotate-key/": "the same",
}


def posts(app: Any) -> dict[str, APIRoute]:
    found: dict[str, APIRoute] = {}
    for route in getattr(app, "routes", ()):
        if isinstance(route, APIRoute) and "POST" in route.methods:
            found[route.path] = route
        else:
            found |= posts(getattr(route, "original_router", None))
    return found


def redirects(function: Any, depth: int = 3) -> bool:
    """Whether it, or what it calls of its module or of those it imports from, makes a redirect."""
    source = inspect.getsource(function)
    if "RedirectResponse(" in source:
        return True
    names = vars(sys.modules[function.__module__])
    called = [value for name, value in names.items() if f"{name}(" in source and inspect.isfunction(value)]
    ours = [value for value in called if value.__module__.startswith("owner_portal.api") and value is not function]
    return depth > 0 and any(redirects(value, depth - 1) for value in ours)


def test_every_form_redirects(portal: Portal) -> None:
    routes = posts(create_app(portal))
    assert len(routes) > 30, "they are found"
    assert {path for path, route in routes.items() if not redirects(route.endpoint)} == PAGES.keys()
