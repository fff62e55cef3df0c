"""New keys: what creating a company and rotating its key have in common."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.errors import Refused
from tenancy.actions.rules.action import Action
from tenancy.actions.use_cases.act_once import act_once
from tenancy.companies.rules.company import Company
from tenancy.keys.rules.keys import NewKey, key_text
from tenancy.keys.rules.peppers import Peppers
from tenancy.keys.store import keys


@dataclass(frozen=True, slots=True)
class Issued:
    """What is kept of an answer that showed a key: the key follows from the seed, but only with the pepper."""

    company: Company
    seed: str  # hexadecimal
    pepper_id: str


async def issue_key(tx: AsyncConnection, company: Company, key: NewKey, *, at: datetime) -> Issued:
    """Stores a company's new key."""
    await keys.insert(tx, company.id, key, at=at)
    return Issued(company, key.seed.hex(), key.pepper.id)


async def show_once(
    engine: AsyncEngine,
    *,
    peppers: Peppers,
    action: Action,
    act: Callable[[AsyncConnection, int], Awaitable[Issued]],
) -> tuple[Company, str]:
    """The company and the key's text. Refused when a repetition comes after the pepper was taken away."""
    issued = await act_once(engine, action=action, kind=Issued, act=act)
    pepper = peppers.find(issued.pepper_id)
    if pepper is None:
        raise Refused("this key cannot be shown again, its pepper is gone: rotate the key")
    return issued.company, key_text(bytes.fromhex(issued.seed), pepper)
