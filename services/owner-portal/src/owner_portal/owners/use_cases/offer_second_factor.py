"""Gives an owner a secret to put into an authenticator app. It protects nothing before a code of it was shown."""

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.owners.rules.accounts import SignedIn
from owner_portal.owners.store import second_factors
from owner_portal.owners.use_cases.one_time_codes import new_secret, provisioning_uri
from owner_portal.owners.use_cases.secret_box import SecretBox
from servicekit.errors import Refused

ALREADY = "Your account has a second factor already. Remove it first to set up another."


@dataclass(frozen=True, slots=True)
class Offer:
    """A secret in base 32, and the same as the address that apps read from a picture."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


async def offer_second_factor(engine: AsyncEngine, *, signed_in: SignedIn, box: SecretBox) -> Offer:
    """A new secret; one that was offered before and never confirmed is forgotten. Refused: one is in use."""
    secret = new_secret()
    sealed = box.seal(secret.encode(), owner_id=signed_in.owner_id)
    async with engine.begin() as tx:
        if not await second_factors.offer(tx, owner_id=signed_in.owner_id, secret=sealed):
            raise Refused(ALREADY)
    return Offer(secret, provisioning_uri(secret, signed_in.email))


async def offered_second_factor(engine: AsyncEngine, *, signed_in: SignedIn, box: SecretBox) -> Offer:
    """The secret that still is to be confirmed. Refused: there is none."""
    async with engine.begin() as tx:
        factor = await second_factors.find(tx, signed_in.owner_id)
    if factor is not None and factor.confirmed:
        raise Refused(ALREADY)
    secret = box.open(factor.secret, owner_id=signed_in.owner_id) if factor is not None else None
    if secret is None:
        raise Refused("Start with setting up the second factor.")
    return Offer(secret.decode(), provisioning_uri(secret.decode(), signed_in.email))
