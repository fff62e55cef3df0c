"""Signing in with a password and a code, authenticating a session, signing out."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from credentials.hashing import TooManySignIns
from credentials.passwords import hash_password, is_current, verify_password
from credentials.tokens import new_token, token_digest
from owner_portal.access.rules import SignedIn, csrf_token
from owner_portal.audit.use_cases.own_trail import append_action
from owner_portal.db.store.reading import reading
from owner_portal.owners.rules import accounts as rules
from owner_portal.owners.rules.accounts import MAX_SESSION_AGE, SESSION_IDLE, Caller, Owner
from owner_portal.owners.store import accounts, known_browsers, sessions
from owner_portal.owners.use_cases.second_factor import WRONG_CODE, take_code
from owner_portal.owners.use_cases.secret_box import SecretBox
from owner_portal.owners.use_cases.throttle import (
    account_subject,
    admit_code,
    admit_sign_in,
    hashing_admission,
    succeed,
    take_back,
)
from servicekit.errors import NotAuthenticated, Refused
from servicekit.ids import new_id

WRONG = "Wrong e-mail or password."
OVER = "The sign-in has expired. Sign in again."


@dataclass(frozen=True, slots=True)
class SignInResult:
    """The token of a new session; or, without one, the token to show together with the code."""

    session: str = field(default="", repr=False)
    challenge: str = field(default="", repr=False)


async def sign_in(engine: AsyncEngine, *, email: str, password: str, caller: Caller) -> SignInResult:
    """NotAuthenticated: wrong e-mail or password, without saying which. RateLimited. Unavailable: too many at once."""
    unfit = not email.strip() or len(email) > rules.MAX_EMAIL or len(password) > rules.MAX_TYPED_PASSWORD
    if unfit or not is_storable(email):
        raise NotAuthenticated(WRONG)
    admitted = await admit_sign_in(engine, email, caller)
    owner = admitted.owner
    better = None
    try:
        correct = await verify_password(owner.password_hash if owner else None, password, admitted.queue_place)
        if owner is None or not correct:
            hashing_admission.failed(admitted.queue_place.address)
            raise NotAuthenticated(WRONG)
        if not is_current(owner.password_hash):
            better = await hash_password(password, queue_place=admitted.queue_place)
    except TooManySignIns as crowded:
        raise await take_back(engine, admitted, crowded.retry_after) from None
    except ValueError:  # an older password that cannot be normalised keeps its hash
        better = None
    assert owner is not None  # noqa: S101 - else it was not correct
    async with engine.begin() as tx:
        await succeed(tx, admitted)
        owner = await accounts.hold(tx, owner)
        if owner is None:  # the password has changed in the meantime
            raise NotAuthenticated(WRONG)
        if better is not None:
            await accounts.set_password(tx, owner.owner_id, better)
        if owner.has_second_factor:
            challenge = new_token()
            await sessions.add_challenge(tx, digest=token_digest(challenge), owner_id=owner.owner_id)
            return SignInResult(challenge=challenge)
        return SignInResult(session=await complete_sign_in(tx, owner=owner, caller=caller, by="password"))


def is_storable(email: str) -> bool:
    """Whether it can be stored: no surrogates, no NUL."""
    return "\0" not in email and email.encode("utf-8", "ignore").decode() == email


async def authenticate(engine: AsyncEngine, *, token: str, touch: bool = True) -> SignedIn:
    """The owner of the session. NotAuthenticated: it has ended or never existed.

    `touch`: an action of the owner restarts the idle time; automatic requests of a page do not.
    """
    async with reading(engine) as tx:
        found = await sessions.find_session(
            tx, token_digest(token), idle=SESSION_IDLE, max_age=MAX_SESSION_AGE, touch=touch
        )
    if found is None:
        raise NotAuthenticated("Sign in first: there is no session, or it has ended.")
    return SignedIn(
        owner_id=found.owner_id,
        email=found.email,
        session_id=found.session_id,
        proved_at=found.proved_at,
        has_second_factor=found.has_second_factor,
        csrf_token=csrf_token(token),
    )


async def open_session(
    tx: AsyncConnection, *, owner_id: UUID, caller: Caller, proved_at: datetime | None = None
) -> str:
    """The token of a new session; pending sign-ins of this owner end.

    `proved_at`: the time of the step-up authentication; None: now.
    """
    token = new_token()
    await sessions.remove_challenges(tx, owner_id)
    await sessions.open_session(
        tx,
        digest=token_digest(token),
        owner_id=owner_id,
        session_id=new_id(),
        caller=caller,
        proved_at=proved_at,
    )
    return token


async def complete_sign_in(tx: AsyncConnection, *, owner: Owner, caller: Caller, by: str) -> str:
    """The token of a new session; `by` is how the owner signed in, for the audit trail."""
    token = await open_session(tx, owner_id=owner.owner_id, caller=caller)
    await know_browser(tx, owner.owner_id, owner.email, caller)
    await append_action(
        tx,
        actor=owner.email,
        action="sign_in",
        subject=owner.email,
        facts={"address": caller.address, "device": caller.device, "by": by},
    )
    return token


async def know_browser(tx: AsyncConnection, owner_id: UUID, email: str, caller: Caller) -> None:
    """Remembers the browser for this account, if it has a token."""
    if caller.browser:
        await known_browsers.remember(tx, owner_id, caller.browser)
        hashing_admission.succeeded(caller.browser, account_subject(email))


async def enter_code(engine: AsyncEngine, *, challenge: str, code: str, caller: Caller, box: SecretBox) -> str:
    """The token of a new session.

    NotAuthenticated: a wrong or used code. Refused: the sign-in has to start again. RateLimited.
    """
    digest = token_digest(challenge)
    async with engine.begin() as tx:
        owner_id = await sessions.find_challenge(tx, digest, time=rules.CHALLENGE_TIME)
        owner = await accounts.read_owner(tx, owner_id) if owner_id else None
    if owner is None:
        raise Refused(OVER)
    admitted = await admit_code(engine, owner, caller)
    async with engine.begin() as tx:
        await succeed(tx, admitted)
        if await accounts.hold(tx, owner) is None:
            raise Refused(OVER)
        by = await take_code(tx, owner_id=owner.owner_id, code=code, box=box)
        if by is None:
            raise NotAuthenticated(WRONG_CODE)
        return await complete_sign_in(tx, owner=owner, caller=caller, by=f"password and {by}")


async def sign_out(engine: AsyncEngine, *, token: str) -> None:
    """Does nothing if the session has already ended."""
    async with engine.begin() as tx:
        await sessions.close_session(tx, token_digest(token))
