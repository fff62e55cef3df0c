"""Values with the place of their last change in the order of all changes."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Revised(Generic[T]):
    """A value and the revision of its last change."""

    revision: int
    value: T
