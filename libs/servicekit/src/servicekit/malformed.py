"""Malformed requests in the log: strangers may send as many as they like, so the lines are few and short."""

import logging
import time

import structlog

log = structlog.get_logger()

PAUSE = 10.0  # seconds between two lines of one reason
LONGEST_PEER = 64  # characters

_OF_UVICORN = ("Invalid HTTP request received.", "Unsupported upgrade request.", "No supported WebSocket library")


class MalformedLog:
    """Logs the first malformed request of a reason at once, then at most one line every `PAUSE` seconds."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, int]] = {}  # by reason: when it was logged, how many have come since

    def note(self, reason: str, peer: str) -> None:
        """`reason`: one of a few fixed texts, never what was sent. `peer`: the address that it came from."""
        now = time.monotonic()
        logged, more = self._seen.get(reason, (float("-inf"), 0))
        if now - logged < PAUSE:
            self._seen[reason] = logged, more + 1
            return
        self._seen[reason] = now, 0
        log.warning("malformed request", reason=reason, peer=peer[:LONGEST_PEER], more_since_last_line=more)


class WithoutUvicornLines(logging.Filter):
    """Drops uvicorn's own line for each malformed request, which has no limit."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Part of logging.Filter."""
        return not str(record.msg).startswith(_OF_UVICORN)


malformed = MalformedLog()
