"""Who calls, where a reverse proxy stands before the process."""

from collections.abc import Sequence
from typing import Any, cast

from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware


def behind(app: ASGIApp, proxies: Sequence[str]) -> ASGIApp:
    """The application, told by the trusted `proxies` (addresses or networks) whom they pass on.

    Of X-Forwarded-For the last entry that is no trusted proxy counts: what stands before it, the caller wrote. Nobody
    else's header is believed; without proxies nobody's, and the application itself is returned.
    """
    if not proxies:
        return app
    # uvicorn's types of ASGI are narrower than starlette's.
    return cast("ASGIApp", ProxyHeadersMiddleware(cast("Any", app), trusted_hosts=list(proxies)))
