"""Restarts crashed processes, with growing delays while they keep crashing."""

import time
from collections.abc import Callable
from typing import Protocol

FIRST_DELAY_SECONDS = 0.5
MAX_DELAY_SECONDS = 30.0
HEALTHY_SECONDS = 60.0  # after this time, the next restart uses the first delay


class Unit(Protocol):
    """A service's process or an engine."""

    @property
    def name(self) -> str: ...
    @property
    def pid(self) -> int: ...
    def start(self) -> None: ...
    def is_running(self) -> bool: ...
    def end_status(self) -> str: ...


class Watch:
    """Restarts one unit. `say` receives a line for every end and every restart."""

    def __init__(self, unit: Unit, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self.unit = unit
        self._say = say
        self._clock = clock
        self._delay = 0.0
        self._started = clock()
        self._restart_at: float | None = None

    def tend(self) -> bool:
        """Checks the unit once; returns whether it was restarted."""
        now = self._clock()
        if self._restart_at is None:
            if not self.unit.is_running():
                self._plan(now)
            return False
        if now < self._restart_at:
            return False
        return self._restart(now)

    def _plan(self, now: float) -> None:
        healthy = now - self._started >= HEALTHY_SECONDS
        self._delay = FIRST_DELAY_SECONDS if healthy else self._next_delay()
        self._restart_at = now + self._delay
        self._say(f"{self.unit.name} {self.unit.end_status()}; it starts again in {self._delay:g} s")

    def _restart(self, now: float) -> bool:
        try:
            self.unit.start()
        except (OSError, RuntimeError) as error:
            self._delay = self._next_delay()
            self._restart_at = now + self._delay
            self._say(f"{self.unit.name} cannot start; again in {self._delay:g} s: {error}")
            return False
        self._restart_at = None
        self._started = self._clock()
        self._say(f"{self.unit.name} was started again (pid {self.unit.pid})")
        return True

    def _next_delay(self) -> float:
        return min(max(self._delay * 2, FIRST_DELAY_SECONDS), MAX_DELAY_SECONDS)
