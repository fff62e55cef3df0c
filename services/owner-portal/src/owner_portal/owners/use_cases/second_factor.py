"""The second factor: offered, confirmed by its first code, asked for, removed; and its recovery codes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from credentials.tokens import token_digest
from owner_portal.access.rules import SignedIn
from owner_portal.audit.use_cases.own_trail import append_action
from owner_portal.owners.rules.recovery_codes import is_recovery_code, new_recovery_codes, normal_code
from owner_portal.owners.store import accounts, second_factors, sessions
from owner_portal.owners.use_cases.one_time_codes import new_secret, provisioning_uri, step_of
from owner_portal.owners.use_cases.secret_box import SecretBox
from owner_portal.owners.use_cases.shown_once import SealedAnswer, answer_once
from owner_portal.owners.use_cases.throttle import admit_proof, succeed
from servicekit.errors import InvalidInput, Refused
from servicekit.ids import new_id

ALREADY = "Your account already has a second factor. Remove it first to set up another."
WRONG = "Wrong code. Check the clock of your device, and enter the code that the app shows now."
WRONG_CODE = "The code is wrong or was already used. Enter the code that your app shows now."


@dataclass(frozen=True, slots=True)
class SecondFactorOffer:
    """A secret in base 32, and its otpauth URI for the QR code."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


async def offer_second_factor(engine: AsyncEngine, *, signed_in: SignedIn, box: SecretBox) -> SecondFactorOffer:
    """A new secret, which replaces an unconfirmed one. Refused: a second factor is already set up."""
    secret = new_secret()
    sealed = box.seal(secret.encode(), owner_id=signed_in.owner_id)
    async with engine.begin() as tx:
        if not await second_factors.offer(tx, owner_id=signed_in.owner_id, secret=sealed):
            raise Refused(ALREADY)
    return SecondFactorOffer(secret, provisioning_uri(secret, signed_in.email))


async def offered_second_factor(engine: AsyncEngine, *, signed_in: SignedIn, box: SecretBox) -> SecondFactorOffer:
    """The unconfirmed secret. Refused: there is none."""
    async with engine.begin() as tx:
        factor = await second_factors.find(tx, signed_in.owner_id)
    if factor is not None and factor.confirmed:
        raise Refused(ALREADY)
    secret = box.open(factor.secret, owner_id=signed_in.owner_id) if factor is not None else None
    if secret is None:
        raise Refused("Start the setup of the second factor first.")
    return SecondFactorOffer(secret.decode(), provisioning_uri(secret.decode(), signed_in.email))


async def confirm_second_factor(engine: AsyncEngine, *, signed_in: SignedIn, code: str, box: SecretBox) -> SealedAnswer:
    """Ten recovery codes; their digests are stored, and the codes sealed until they have been shown.

    The account's other sessions end.

    InvalidInput: a wrong code. Refused. RateLimited.
    """
    offer = await offered_second_factor(engine, signed_in=signed_in, box=box)
    admitted = await admit_proof(engine, signed_in.email, signed_in.session_id)
    step = step_of(offer.secret, normal_code(code))
    if step is None:
        raise InvalidInput(WRONG)

    async def confirm(tx: AsyncConnection) -> Mapping[str, str]:
        await succeed(tx, admitted)
        await accounts.lock(tx, signed_in.owner_id)  # a concurrent sign-in is ended below or needs a code
        if not await second_factors.take_step(tx, owner_id=signed_in.owner_id, step=step):
            raise InvalidInput(WRONG)
        # End the sessions that began with the password alone.
        await sessions.close_all(tx, signed_in.owner_id, spared=signed_in.session_id)
        return await _replace_codes(tx, signed_in, "set_up_second_factor")

    return await answer_once(engine, signed_in=signed_in, key=str(new_id()), content={}, box=box, make=confirm)


async def renew_recovery_codes(engine: AsyncEngine, *, signed_in: SignedIn, key: str, box: SecretBox) -> SealedAnswer:
    """Ten new codes that replace the remaining ones, once per `key`. Refused: there is no second factor."""
    if not signed_in.has_second_factor:
        raise Refused("Set up a second factor first; recovery codes are part of it.")

    async def renew(tx: AsyncConnection) -> Mapping[str, str]:
        return await _replace_codes(tx, signed_in, "renew_recovery_codes")

    content = {"request": "recovery codes"}
    return await answer_once(engine, signed_in=signed_in, key=key, content=content, box=box, make=renew)


async def _replace_codes(tx: AsyncConnection, signed_in: SignedIn, action: str) -> Mapping[str, str]:
    codes = new_recovery_codes()
    digests = [token_digest(normal_code(code)) for code in codes]
    await second_factors.replace_codes(tx, owner_id=signed_in.owner_id, digests=digests)
    await append_action(tx, actor=signed_in.email, action=action, subject=signed_in.email)
    return {"codes": " ".join(codes), "is_new": "yes" if action == "set_up_second_factor" else ""}


async def take_code(tx: AsyncConnection, *, owner_id: UUID, code: str, box: SecretBox) -> str | None:
    """`code` or `recovery code`, whichever was accepted; None: it is wrong or already used."""
    typed = normal_code(code)
    if is_recovery_code(typed):
        taken = await second_factors.take_code(tx, owner_id=owner_id, digest=token_digest(typed))
        return "recovery code" if taken else None
    factor = await second_factors.find(tx, owner_id)
    if factor is None or not factor.confirmed:
        return None
    secret = box.open(factor.secret, owner_id=owner_id)
    step = step_of(secret.decode(), typed) if secret else None
    if step is None or not await second_factors.take_step(tx, owner_id=owner_id, step=step):
        return None
    return "code"


async def remove_second_factor(engine: AsyncEngine, *, signed_in: SignedIn, required: bool) -> None:
    """Refused: there is none, or it is required for every owner."""
    if not signed_in.has_second_factor:
        raise Refused("Your account has no second factor.")
    if required:
        raise Refused("A second factor is required for every owner and cannot be removed.")
    async with engine.begin() as tx:
        await second_factors.remove(tx, signed_in.owner_id)
        await append_action(tx, actor=signed_in.email, action="remove_second_factor", subject=signed_in.email)
