"""Rate-limited log lines about malformed requests, which anyone may send in any number."""

import logging
import time

import structlog

log = structlog.get_logger()

MIN_PAUSE_SECONDS = 10.0  # between two lines with the same reason
MAX_PEER_LENGTH = 64

_OF_UVICORN = ("Invalid HTTP request received.", "Unsupported upgrade request.", "No supported WebSocket library")


class MalformedLog:
    """Logs the first malformed request of each reason, then at most one line every `MIN_PAUSE_SECONDS`."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, int]] = {}  # by reason: when it was logged, how many followed

    def note(self, reason: str, peer: str) -> None:
        """`reason`: one of a few fixed texts, never the caller's input. `peer`: the caller's address."""
        now = time.monotonic()
        logged, more = self._seen.get(reason, (float("-inf"), 0))
        if now - logged < MIN_PAUSE_SECONDS:
            self._seen[reason] = logged, more + 1
            return
        self._seen[reason] = now, 0
        log.warning("malformed request", reason=reason, peer=peer[:MAX_PEER_LENGTH], more_since_last_line=more)


class WithoutUvicornLines(logging.Filter):
    """Drops uvicorn's own lines about malformed requests, which are not rate-limited."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Implements logging.Filter."""
        return not str(record.msg).startswith(_OF_UVICORN)


malformed = MalformedLog()
