"""The counts of sign-in attempts at the accounts of each company, for the sign-in throttle.

Attempts are counted and swept by functions of the database, because they belong to several companies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from credentials.throttle import Count
from sign_in_throttle import SignInAttempts, Subject

NO_COMPANY = UUID(int=0)  # for networks, and for accounts that do not exist

ATTEMPTS = SignInAttempts(
    "sign_in_attempt",
    count="""
        SELECT subject, used, ends_at, day_used, day_ends_at, refused, admitted
        FROM sign_in.count(:companies, :subjects, :accounts, :kinds, :most, :day_most)
    """,
    sweep="SELECT sign_in.sweep()",
)


@dataclass(frozen=True, slots=True)
class CompanySubject(Subject):
    """A subject of a company, or of none."""

    company_id: UUID = NO_COMPANY


async def count(tx: AsyncConnection, attempt: Sequence[CompanySubject]) -> Mapping[bytes, Count]:
    """Counts one attempt for each subject, of whatever company."""
    return await ATTEMPTS.count(tx, attempt, companies=[counted.company_id for counted in attempt])
