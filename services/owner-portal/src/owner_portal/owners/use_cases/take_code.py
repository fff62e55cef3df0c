"""Checks a code of the second factor and uses it up; part of the use cases that ask for one."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from credentials.tokens import token_digest
from owner_portal.owners.rules.recovery_codes import is_recovery_code, normal_code
from owner_portal.owners.store import second_factors
from owner_portal.owners.use_cases.one_time_codes import step_of
from owner_portal.owners.use_cases.secret_box import SecretBox

WRONG_CODE = "The code is wrong or was used already. Enter the one that your app shows now."


async def take_code(tx: AsyncConnection, *, owner_id: UUID, code: str, box: SecretBox) -> str | None:
    """`code` or `recovery code`, whichever was taken; None when it is wrong or was used before."""
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
