"""Failed sign-ins at owners' accounts: listed for owners and the operator, cleared by the operator."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.throttle import BUDGETS, CountKind, network_of, subject
from owner_portal.owners.store import accounts
from owner_portal.owners.store.attempts import ATTEMPTS
from owner_portal.owners.use_cases.throttle import account_subject


@dataclass(frozen=True, slots=True)
class FailedSignIns:
    """Failed attempts to sign in to an account from unknown browsers in the last day."""

    email: str
    failed: int
    refused: int
    locked: bool  # from unknown browsers, for now


async def failed_sign_ins_of(engine: AsyncEngine, emails: Sequence[str]) -> list[FailedSignIns]:
    """The failed sign-ins of these accounts; accounts without any are omitted."""
    found = []
    async with engine.begin() as tx:
        for email in emails:
            count = await ATTEMPTS.read(tx, account_subject(email))
            if count is not None and (count.day_used or count.refused):
                locked = count.is_used_up(BUDGETS[CountKind.ACCOUNT], datetime.now(UTC))
                found.append(FailedSignIns(email, count.day_used, count.refused, locked))
    return found


async def list_failed_sign_ins(engine: AsyncEngine) -> AsyncIterator[str]:
    """A line for each owner with failed attempts, and one with the number of blocked networks."""
    async with engine.begin() as tx:
        emails = [account.email for account in await accounts.list_accounts(tx)]
        networks = await ATTEMPTS.count_used_up(tx, CountKind.ADDRESS)
    for found in await failed_sign_ins_of(engine, emails):
        locked = ", new browsers are refused" if found.locked else ""
        yield f"{found.email}: {found.failed} attempts failed, {found.refused} refused{locked}"
    yield f"{networks} networks may not sign in now"


async def lift(engine: AsyncEngine, whom: str) -> None:
    """Clears the failed attempts of an e-mail or an address."""
    async with engine.begin() as tx:
        if "@" in whom:
            await ATTEMPTS.lift(tx, account_subject(whom))
        else:
            await ATTEMPTS.lift(tx, subject(CountKind.ADDRESS, network_of(whom)))
