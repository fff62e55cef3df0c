"""Answers that are given again for a moment: many may ask the same at once, and one finding out is enough."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class Recent(Generic[K, T]):
    """Keeps the latest answers by what was asked."""

    def __init__(self, read: Callable[[K], Awaitable[T]], *, longest_age: float, most: int) -> None:
        """`longest_age`: seconds for which an answer is given again; `most`: how many are kept."""
        self._read = read
        self._longest_age = longest_age
        self._most = most
        self._kept: dict[K, tuple[float, asyncio.Future[T]]] = {}

    async def get(self, key: K) -> T:
        """The kept answer, or a new one; whoever asks meanwhile gets the same. Raises what reading raises."""
        kept = self._kept.get(key)
        if kept is None or monotonic() - kept[0] >= self._longest_age:
            kept = monotonic(), asyncio.ensure_future(self._read(key))
            self._kept.pop(key, None)
            self._kept[key] = kept
            while len(self._kept) > self._most:
                self._kept.pop(next(iter(self._kept)))
        try:
            return await asyncio.shield(kept[1])  # one who goes away leaves the others their answer
        except BaseException:
            if kept[1].done() and self._kept.get(key) is kept:
                del self._kept[key]
            raise

    def forget(self) -> None:
        """Something has changed that whoever changed it wants to see."""
        self._kept.clear()
