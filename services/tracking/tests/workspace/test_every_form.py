"""Every route that changes something requires a visitor, and so a form of the session."""

from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from tracking.workspace.pages.visitors import employee_or_admin

# They check where the request comes from; signing out works without a session too, and asks one for its token.
BEFORE_ANY_SESSION = {"/login", "/login/company", "/logout", "/setup", "/forgot", "/reset", "/held"}


def below(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for one in dependant.dependencies:
        yield from below(one)


def routes(app: object) -> Iterator[APIRoute]:
    for route in getattr(app, "routes", ()):
        if isinstance(route, APIRoute):
            yield route
        else:
            yield from routes(getattr(route, "app", None))
            yield from routes(getattr(route, "original_router", None))


def test_whatever_changes_anything_is_for_visitors(app: FastAPI) -> None:
    changing = [route for route in routes(app) if (route.methods or set()) - {"GET", "HEAD"}]
    assert len(changing) > 12, "they are found"
    unchecked = {
        route.path for route in changing if employee_or_admin not in [one.call for one in below(route.dependant)]
    }
    assert unchecked == BEFORE_ANY_SESSION
