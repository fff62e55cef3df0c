"""Owner accounts."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.owners.rules.accounts import Account, Owner
from text_rules.addresses import Address
from text_rules.ordering import sort_key

_SAVE_OWNER = text("""
    INSERT INTO owner (id, email, email_key, password_hash) VALUES (:id, :email, :email_key, :password_hash)
    ON CONFLICT (email_key) DO UPDATE SET password_hash = excluded.password_hash, deactivated_at = NULL
    RETURNING id
""")

_FIND_OWNER = text("""
    SELECT o.id AS owner_id, o.email, o.password_hash, f.confirmed_at IS NOT NULL AS has_second_factor
    FROM owner o LEFT JOIN second_factor f ON f.owner_id = o.id
    WHERE o.email_key = :email_key AND o.deactivated_at IS NULL
""")

_OWNER_BY_ID = text("""
    SELECT o.id AS owner_id, o.email, o.password_hash, f.confirmed_at IS NOT NULL AS has_second_factor
    FROM owner o LEFT JOIN second_factor f ON f.owner_id = o.id
    WHERE o.id = :owner_id AND o.deactivated_at IS NULL
""")

# The password may change while it is being verified.
_HOLD = text("""
    SELECT 1 FROM owner WHERE id = :owner_id AND password_hash = :password_hash AND deactivated_at IS NULL
    FOR NO KEY UPDATE
""")

_LOCK = text("SELECT 1 FROM owner WHERE id = :owner_id FOR NO KEY UPDATE")

_LIST = text("""
    SELECT o.id AS owner_id, o.email, o.created_at, o.deactivated_at, f.confirmed_at IS NOT NULL AS has_second_factor,
           (SELECT max(s.last_seen_at) FROM owner_session s WHERE s.owner_id = o.id) AS last_seen_at
    FROM owner o LEFT JOIN second_factor f ON f.owner_id = o.id
""")

# Ordered by id: two owners who deactivate each other wait instead of deadlocking.
_LOCK_ACTIVE = text("SELECT id, email FROM owner WHERE deactivated_at IS NULL ORDER BY id FOR UPDATE")

_DEACTIVATE = text("UPDATE owner SET deactivated_at = now() WHERE id = :owner_id")

_SET_PASSWORD = text("UPDATE owner SET password_hash = :password_hash WHERE id = :owner_id")


async def save_owner(tx: AsyncConnection, *, new_id: UUID, address: Address, password_hash: str) -> UUID:
    """Creates the account, or sets the password of the existing one and reactivates it; returns its id."""
    values = {"id": new_id, "email": address.text, "email_key": address.key, "password_hash": password_hash}
    owner_id: UUID = (await tx.execute(_SAVE_OWNER, values)).scalar_one()
    return owner_id


async def find_owner(tx: AsyncConnection, email_key: str) -> Owner | None:
    """The active account whose address has this key."""
    row = (await tx.execute(_FIND_OWNER, {"email_key": email_key})).one_or_none()
    return Owner(**row._asdict()) if row else None


async def read_owner(tx: AsyncConnection, owner_id: UUID) -> Owner | None:
    """The same by id."""
    row = (await tx.execute(_OWNER_BY_ID, {"owner_id": owner_id})).one_or_none()
    return Owner(**row._asdict()) if row else None


async def hold(tx: AsyncConnection, owner: Owner) -> Owner | None:
    """Locks the account with the password it was read with until the transaction ends; None: it has changed.

    It is read again after locking: a second factor may have been set up in the meantime.
    """
    values = {"owner_id": owner.owner_id, "password_hash": owner.password_hash}
    if (await tx.execute(_HOLD, values)).one_or_none() is None:
        return None
    return await read_owner(tx, owner.owner_id)


async def lock(tx: AsyncConnection, owner_id: UUID) -> None:
    """Blocks sign-ins and changes of the account until the transaction ends."""
    await tx.execute(_LOCK, {"owner_id": owner_id})


async def list_accounts(tx: AsyncConnection) -> list[Account]:
    """Every owner, deactivated ones last."""
    found = [Account(**row._asdict()) for row in await tx.execute(_LIST)]
    return sorted(found, key=lambda account: (account.deactivated_at is not None, sort_key(account.email)))


async def lock_active(tx: AsyncConnection) -> dict[UUID, str]:
    """The e-mails of all active owners by id; blocks other deactivations until the transaction ends."""
    return {row.id: row.email for row in await tx.execute(_LOCK_ACTIVE)}


async def deactivate(tx: AsyncConnection, owner_id: UUID) -> None:
    """Deactivates the account."""
    await tx.execute(_DEACTIVATE, {"owner_id": owner_id})


async def set_password(tx: AsyncConnection, owner_id: UUID, password_hash: str) -> None:
    """Replaces the password."""
    await tx.execute(_SET_PASSWORD, {"owner_id": owner_id, "password_hash": password_hash})
