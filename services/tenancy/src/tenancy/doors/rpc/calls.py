"""What the groups of calls have in common."""

from typing import Any, TypeAlias

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.actions.use_cases.record_change import Encode
from tenancy.keys.rules.peppers import Peppers

Context: TypeAlias = Any
"""The server has authorised the caller; nothing in a call needs its context."""


class Calls:
    """Holds what the use cases need."""

    def __init__(self, engine: AsyncEngine, *, peppers: Peppers, encode: Encode) -> None:
        self._engine = engine
        self._peppers = peppers
        self._encode = encode
