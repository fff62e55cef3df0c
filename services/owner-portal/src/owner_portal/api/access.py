"""Who may do what: everything but signing in needs a session, everything that changes something its token as well."""

from typing import Annotated

from fastapi import Depends, Request

from owner_portal.api.portal import ThePortal
from owner_portal.api.requests import Fields, check_origin
from owner_portal.application.recognise import recognise
from owner_portal.domain.owners import SignedIn, is_csrf_token
from servicekit.errors import Forbidden


async def _signed_in(request: Request, portal: ThePortal) -> SignedIn:
    owner = await recognise(portal.engine, token=request.cookies.get(portal.cookie_name, ""))
    request.state.owner = owner
    return owner


async def _listening(request: Request, portal: ThePortal) -> SignedIn:
    return await recognise(portal.engine, token=request.cookies.get(portal.cookie_name, ""), touch=False)


SignedInOwner = Annotated[SignedIn, Depends(_signed_in)]
"""The owner who asks for a page; NotAuthenticated without a session."""

Listening = Annotated[SignedIn, Depends(_listening)]
"""The owner whose open page listens: that alone keeps no session alive."""


async def _acting(request: Request, owner: SignedInOwner, fields: Fields) -> SignedIn:
    check_origin(request)
    given = request.headers.get("x-csrf-token") or fields.get("csrf_token", "")
    if not is_csrf_token(given, owner.csrf_token):
        raise Forbidden("This form is out of date. Reload the page and send it again.")
    return owner


ActingOwner = Annotated[SignedIn, Depends(_acting)]
"""The owner who changes something; Forbidden without the session's token."""
