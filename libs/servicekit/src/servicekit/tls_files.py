"""A service's identity for mutual TLS, read again when its files change, so that a renewal needs no restart."""

import ssl
import time
from dataclasses import dataclass
from pathlib import Path

import structlog

from servicekit.settings import TlsSettings

log = structlog.get_logger()

LOOK_SECONDS = 1.0
ATTEMPTS = 50
ATTEMPT_SECONDS = 0.02

State = tuple[tuple[int, int], ...]
"""When each file was written, and its number on the disk."""


@dataclass(frozen=True, slots=True)
class Identity:
    """PEM: the trusted authorities, this service's certificate, its private key."""

    authorities: bytes
    certificate: bytes
    key: bytes


class TlsFiles:
    """The files of one service. A process may have several of these objects, one for each server and channel."""

    def __init__(self, settings: TlsSettings) -> None:
        """Reads the files, again for a second if they are just being replaced.

        OSError, ssl.SSLError: they cannot be read, or do not fit together.
        """
        self._paths = (settings.tls_ca, settings.tls_cert, settings.tls_key)
        for attempt in range(ATTEMPTS):
            try:
                self._seen, self.identity = self._read()
                break
            except ssl.SSLError:
                if attempt == ATTEMPTS - 1:
                    raise
                time.sleep(ATTEMPT_SECONDS)
        self._looked_at = time.monotonic()

    def renewed(self) -> Identity | None:
        """Returns the new identity if the files have changed since the last call; looks once a second at most.

        Files that do not fit together, because only one of them has been replaced so far, are read again later.
        """
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS:
            return None
        self._looked_at = now
        try:
            if self._state() == self._seen:
                return None
            self._seen, self.identity = self._read()
        except (OSError, ssl.SSLError) as error:
            log.warning("certificate not read; the previous one stays in use", error=repr(error))
            return None
        log.info("certificate renewed")
        return self.identity

    def _state(self) -> State:
        return tuple((found.st_mtime_ns, found.st_ino) for found in map(Path.stat, self._paths))

    def _read(self) -> tuple[State, Identity]:
        state = self._state()
        authorities, certificate, key = self._paths
        identity = Identity(authorities.read_bytes(), certificate.read_bytes(), key.read_bytes())
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
        if self._state() != state:
            raise ssl.SSLError("the files were replaced while they were read")
        return state, identity
