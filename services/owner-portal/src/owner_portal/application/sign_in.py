"""Opens a session for an owner who shows the password; slows down whoever guesses."""

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.domain import owners as rules
from owner_portal.store import owners
from servicekit.errors import NotAuthenticated, RateLimited
from servicekit.passwords import new_token, token_digest, verify_password

WRONG = "E-mail or password is wrong."


async def sign_in(engine: AsyncEngine, *, email: str, password: str, address: str) -> str:
    """The token of a new session.

    NotAuthenticated: wrong e-mail or password, which of them is not told. RateLimited: too many attempts for this
    account or from this address.
    """
    email = rules.normal_email(email)
    if not email or len(email) > rules.LONGEST_EMAIL or len(password) > rules.LONGEST_PASSWORD or "\0" in email:
        raise NotAuthenticated(WRONG)
    account, origin = f"account {email}", f"address {address}"
    limits = {account: rules.ATTEMPTS_PER_ACCOUNT, origin: rules.ATTEMPTS_PER_ADDRESS}
    # Counted before the password is looked at: guesses sent at the same time are not free.
    async with engine.begin() as tx:
        attempts = await owners.count_attempt(tx, list(limits), window=rules.ATTEMPT_WINDOW)
        owner = await owners.find_owner(tx, email)
    for subject, limit in limits.items():
        if attempts[subject].count > limit:
            wait = attempts[subject].since + rules.ATTEMPT_WINDOW - datetime.now(UTC)
            raise RateLimited(
                "Too many attempts to sign in. Wait a quarter of an hour and try again.",
                retry_after=max(wait.total_seconds(), 1),
            )
    correct = await verify_password(owner.password_hash if owner else None, password)
    if owner is None or not correct:
        raise NotAuthenticated(WRONG)
    token = new_token()
    async with engine.begin() as tx:
        await owners.forget_attempts(tx, account)
        await owners.forgive_attempt(tx, origin)
        await owners.open_session(tx, digest=token_digest(token), owner_id=owner.owner_id)
    return token
