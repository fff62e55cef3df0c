"""Invitations by the digest of the token in their link."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.owners.rules.accounts import Invitation
from text_rules.addresses import Address
from text_rules.ordering import sort_key

_COLUMNS = "id AS invitation_id, email, invited_by, expires_at"

_SAVE = text(f"""
    INSERT INTO invitation (id, digest, email, email_key, invited_by, expires_at)
    VALUES (:id, :digest, :email, :email_key, :invited_by, now() + CAST(:time AS interval))
    ON CONFLICT (email_key) DO UPDATE SET id = excluded.id, digest = excluded.digest, email = excluded.email,
        invited_by = excluded.invited_by, expires_at = excluded.expires_at
    RETURNING {_COLUMNS}
""")

# Invitations of deactivated owners are invalid, also if both happen at the same time.
_FIND = text(f"""
    SELECT {_COLUMNS} FROM invitation
    WHERE digest = :digest AND expires_at > now()
      AND EXISTS (SELECT FROM owner WHERE email = invited_by AND deactivated_at IS NULL)
""")

_TAKE = text("""
    WITH held AS MATERIALIZED (
        SELECT i.id FROM invitation i JOIN owner o ON o.email = i.invited_by AND o.deactivated_at IS NULL
        WHERE i.digest = :digest AND i.expires_at > now() FOR SHARE OF o
    )
    DELETE FROM invitation WHERE id IN (SELECT id FROM held) RETURNING email, email_key
""")

_WITHDRAW_OF = text("DELETE FROM invitation WHERE invited_by = :inviter RETURNING email")

_WITHDRAW = text("DELETE FROM invitation WHERE id = :id RETURNING email")

_LIST = text(f"""
    SELECT {_COLUMNS} FROM invitation
    WHERE expires_at > now() AND EXISTS (SELECT FROM owner WHERE email = invited_by AND deactivated_at IS NULL)
""")

_SWEEP = text("DELETE FROM invitation WHERE expires_at <= now()")


async def save(
    tx: AsyncConnection, *, invitation_id: UUID, digest: bytes, address: Address, invited_by: str, time: timedelta
) -> Invitation:
    """Stores an invitation for `time` from now; an older one of the same mailbox ends."""
    values = {
        "id": invitation_id,
        "digest": digest,
        "email": address.text,
        "email_key": address.key,
        "invited_by": invited_by,
        "time": time,
    }
    return Invitation(**(await tx.execute(_SAVE, values)).one()._asdict())


async def find(tx: AsyncConnection, digest: bytes) -> Invitation | None:
    """The invitation with this digest, if it is valid and its sender is an active owner."""
    row = (await tx.execute(_FIND, {"digest": digest})).one_or_none()
    return Invitation(**row._asdict()) if row else None


async def take(tx: AsyncConnection, digest: bytes) -> Address | None:
    """Accepts the invitation; returns its address, None if it is not valid."""
    row = (await tx.execute(_TAKE, {"digest": digest})).one_or_none()
    return Address(row.email, row.email_key) if row else None


async def withdraw(tx: AsyncConnection, invitation_id: UUID) -> str | None:
    """Deletes the invitation; returns its e-mail, None if there is none."""
    email: str | None = (await tx.execute(_WITHDRAW, {"id": invitation_id})).scalar_one_or_none()
    return email


async def withdraw_of(tx: AsyncConnection, inviter: str) -> list[str]:
    """Deletes the invitations of one sender; returns their e-mails."""
    return sorted((await tx.execute(_WITHDRAW_OF, {"inviter": inviter})).scalars(), key=sort_key)


async def list_open(tx: AsyncConnection) -> list[Invitation]:
    """The valid invitations."""
    found = [Invitation(**row._asdict()) for row in await tx.execute(_LIST)]
    return sorted(found, key=lambda invitation: sort_key(invitation.email))


async def sweep(tx: AsyncConnection) -> None:
    """Deletes expired invitations."""
    await tx.execute(_SWEEP)
