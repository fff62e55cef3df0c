"""What every page works with; put together once, for the whole process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.web.live import Live

T = TypeVar("T")


def _nothing() -> None:
    return None


def _none() -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Portal:
    """The process's dependencies. There is none that leads to tracking.

    `parts` are those of the features, by their classes. `open_alerts` is the number beside the bell. `forget` drops
    what pages show again for a moment: the owner has changed something and looks at it next.
    """

    engine: AsyncEngine
    live: Live
    public_url: str  # begins the links that leave the portal
    cookie_secure: bool
    sends_mail: bool = True  # false: no relay is set, so links are handed over by hand
    trusted_proxies: tuple[str, ...] = ()  # whose X-Forwarded-For and X-Forwarded-Proto are believed
    open_alerts: Callable[[], int] = _none
    forget: Callable[[], None] = _nothing
    parts: Mapping[type, Any] = field(default_factory=dict)

    def get(self, part: type[T]) -> T:
        """The part of this class, such as `portal.get(Plans)`; KeyError: the process was put together without it."""
        found: T = self.parts[part]
        return found


def portal_of(request: Request) -> Portal:
    """The portal this request came to."""
    portal: Portal = request.app.state.portal
    return portal


async def _portal(request: Request) -> Portal:  # a plain function would be called in a thread
    return portal_of(request)


ThePortal = Annotated[Portal, Depends(_portal)]
