"""Authorisation: who may do what.

Everything except the sign-in needs a session, changes also need its token, and sensitive actions need a recent step-up
authentication.
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
    """How requests are authorised; implemented by `owners` and connected in `app`.

    `authenticate(request, portal, touch)` finds the owner of the session; without `touch` the session is not extended.
    The others authorise this owner for a page, a change, and a sensitive action.
    """

    authenticate: Callable[[Request, Portal, bool], Awaitable[SignedIn]]
    to_page: Callable[[Portal, SignedIn], SignedIn]
    to_change: Callable[[Request, Portal, SignedIn, Fields], SignedIn]
    to_sensitive_action: Callable[[Request, Portal, SignedIn, Fields], Awaitable[SignedIn]]


async def _entered(request: Request, portal: ThePortal) -> SignedIn:
    by_itself = "x-by-itself" in request.headers  # an automatic request of the page does not extend the session
    owner = await portal.get(Guard).authenticate(request, portal, not by_itself)
    request.state.owner = owner
    return owner


EnteredOwner = Annotated[SignedIn, Depends(_entered)]
"""Any owner with a session, even without a required second factor. NotAuthenticated."""


async def _signed_in(portal: ThePortal, owner: EnteredOwner) -> SignedIn:
    return portal.get(Guard).to_page(portal, owner)


SignedInOwner = Annotated[SignedIn, Depends(_signed_in)]
"""The owner who opens a page. NotAuthenticated, SecondFactorRequired."""


async def _listening(request: Request, portal: ThePortal) -> SignedIn:
    guard = portal.get(Guard)
    return guard.to_page(portal, await guard.authenticate(request, portal, False))


Listening = Annotated[SignedIn, Depends(_listening)]
"""The owner whose open page listens for updates; this does not extend the session."""


async def _acting(request: Request, portal: ThePortal, owner: EnteredOwner, fields: Typed) -> SignedIn:
    return portal.get(Guard).to_change(request, portal, owner, fields)


ActingOwner = Annotated[SignedIn, Depends(_acting)]
"""The owner who changes something. Forbidden, SecondFactorRequired."""


async def _stepped_up(request: Request, portal: ThePortal, owner: EnteredOwner, fields: Typed) -> SignedIn:
    return await portal.get(Guard).to_sensitive_action(request, portal, owner, fields)


SteppedUpOwner = Annotated[SignedIn, Depends(_stepped_up)]
"""The owner of a sensitive action. StepUpRequired without a recent step-up authentication."""
