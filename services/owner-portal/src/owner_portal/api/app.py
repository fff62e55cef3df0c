"""The web application: routes, static files, error pages, and what surrounds them all."""

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from owner_portal.api import company, creation, dashboard, events, login
from owner_portal.api.errors import add_error_handlers
from owner_portal.api.pages import STATIC
from owner_portal.api.portal import Portal
from servicekit.database import ping
from servicekit.http_headers import SecurityHeaders
from servicekit.http_server import BodyLimit, health_routes

LARGEST_BODY = 64 * 1024
FOR_EVER = "public, max-age=31536000, immutable"


class _Static(StaticFiles):
    """An address with a digest names one content for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = FOR_EVER if scope["query_string"] else "no-cache"
        return response


def create_app(portal: Portal) -> FastAPI:
    """The application over these dependencies. Ready means that the database answers: pages need nothing else."""

    async def database() -> None:
        await ping(portal.engine)

    app = FastAPI(
        title="Tenantry owner portal",
        openapi_url=None,
        redirect_slashes=True,
        routes=[*health_routes({"database": database})],
        middleware=[
            Middleware(SecurityHeaders, secure=portal.cookie_secure),
            Middleware(BodyLimit, limit=LARGEST_BODY),
        ],
    )
    app.state.portal = portal
    for module in (login, dashboard, events, creation, company):
        app.include_router(module.router)
    app.mount("/static", _Static(directory=str(STATIC)))
    add_error_handlers(app)
    return app
