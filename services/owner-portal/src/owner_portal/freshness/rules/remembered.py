"""An answer of another service, or what is left of it while that service is away."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")

KEPT_FOR = timedelta(days=30)  # an answer nobody has looked at for longer is forgotten


@dataclass(frozen=True, slots=True)
class Remembered(Generic[T]):
    """`value` is the answer as of `as_of`; both are None when the service is away and has never been heard.

    `fresh`: it answered just now. Otherwise `problem` says in a sentence who does not answer.
    """

    value: T | None
    as_of: datetime | None
    fresh: bool
    problem: str = ""
