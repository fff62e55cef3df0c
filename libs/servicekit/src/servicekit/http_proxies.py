"""The caller's address behind a reverse proxy."""

from collections.abc import Sequence
from typing import Any, cast

from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware


def trust_proxies(app: ASGIApp, proxies: Sequence[str]) -> ASGIApp:
    """Returns the application with the caller's address taken from the trusted `proxies` (addresses or networks).

    The caller is the last entry of X-Forwarded-For that is not a trusted proxy; earlier entries may be forged. Headers
    from other peers are ignored. Without proxies, the application itself is returned.
    """
    if not proxies:
        return app
    # uvicorn's types of ASGI are narrower than starlette's.
    return cast("ASGIApp", ProxyHeadersMiddleware(cast("Any", app), trusted_hosts=list(proxies)))
