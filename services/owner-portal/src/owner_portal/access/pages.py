"""Who may do what.

Everything but signing in needs a session, everything that changes something its token as well. What is hard to undo
needs a proof, not older than some minutes, that it is still the owner who sits there.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from owner_portal.access.rules import SignedIn
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.requests import Typed

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Guard:
    """How requests are admitted; the package of the owners decides, and the process is put together with it.

    `recognise(request, portal, touch)` finds the session's owner; without `touch` that keeps no session alive. The
    others admit this owner to a page, to a change, and to a change that is hard to undo.
    """

    recognise: Callable[[Request, Portal, bool], Awaitable[SignedIn]]
    to_page: Callable[[Portal, SignedIn], SignedIn]
    to_change: Callable[[Request, Portal, SignedIn, Fields], SignedIn]
    to_irreversible_change: Callable[[Request, Portal, SignedIn, Fields], Awaitable[SignedIn]]


async def _entered(request: Request, portal: ThePortal) -> SignedIn:
    by_itself = "x-by-itself" in request.headers  # the page asks, nobody clicked: that keeps no session alive
    owner = await portal.get(Guard).recognise(request, portal, not by_itself)
    request.state.owner = owner
    return owner


EnteredOwner = Annotated[SignedIn, Depends(_entered)]
"""Whoever has a session, even one who has to set up a second factor first; NotAuthenticated without one."""


async def _signed_in(portal: ThePortal, owner: EnteredOwner) -> SignedIn:
    return portal.get(Guard).to_page(portal, owner)


SignedInOwner = Annotated[SignedIn, Depends(_signed_in)]
"""The owner who asks for a page. NotAuthenticated, SecondFactorRequired."""


async def _listening(request: Request, portal: ThePortal) -> SignedIn:
    guard = portal.get(Guard)
    return guard.to_page(portal, await guard.recognise(request, portal, False))


Listening = Annotated[SignedIn, Depends(_listening)]
"""The owner whose open page listens: that alone keeps no session alive."""


async def _acting(request: Request, portal: ThePortal, owner: EnteredOwner, fields: Typed) -> SignedIn:
    return portal.get(Guard).to_change(request, portal, owner, fields)


ActingOwner = Annotated[SignedIn, Depends(_acting)]
"""The owner who changes something. Forbidden, SecondFactorRequired."""


async def _stepped_up(request: Request, portal: ThePortal, owner: EnteredOwner, fields: Typed) -> SignedIn:
    return await portal.get(Guard).to_irreversible_change(request, portal, owner, fields)


SteppedUpOwner = Annotated[SignedIn, Depends(_stepped_up)]
"""The owner who does what is hard to undo. StepUpRequired unless it was shown a moment ago who that is."""
