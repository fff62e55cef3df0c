"""The dependencies of all pages, created once per process."""

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
    """The process's dependencies. None of them leads to tracking.

    `parts` are the dependencies of features by class. `open_alerts` returns the number beside the bell. `forget` clears
    short caches after an owner action, so that the next page shows its effect.
    """

    engine: AsyncEngine
    live: Live
    public_url: str  # prefix of links in e-mails
    cookie_secure: bool
    sends_mail: bool = True  # false: without a mail relay owners pass links on themselves
    trusted_proxies: tuple[str, ...] = ()  # whose X-Forwarded-For and X-Forwarded-Proto are trusted
    open_alerts: Callable[[], int] = _none
    forget: Callable[[], None] = _nothing
    parts: Mapping[type, Any] = field(default_factory=dict)

    def get(self, part: type[T]) -> T:
        """The part of this class, such as `portal.get(PlanClient)`; KeyError: it was not registered."""
        found: T = self.parts[part]
        return found


def portal_of(request: Request) -> Portal:
    """The portal that serves this request."""
    portal: Portal = request.app.state.portal
    return portal


async def _portal(request: Request) -> Portal:  # a plain function would be called in a thread
    return portal_of(request)


ThePortal = Annotated[Portal, Depends(_portal)]
