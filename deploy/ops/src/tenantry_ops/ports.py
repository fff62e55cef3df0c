"""Loopback ports: free ones, and those of earlier runs."""

import json
import random
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
# Below the kernel's range of source ports: a killed server must get its port back, and a client that retries a dead
# port within that range can end up connected to itself.
PORTS = range(20_000, 32_000)
ATTEMPTS = 200


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Returns whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Returns a free loopback port. Raises OSError if none is found."""
    for _ in range(ATTEMPTS):
        port = random.choice(PORTS)
        if is_free(port):
            return port
    raise OSError(f"no free loopback port found between {PORTS.start} and {PORTS.stop}")


class PortBook:
    """Remembers a port per name in a JSON file, so that addresses survive a restart."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def port(self, name: str) -> int:
        """Returns the stored port of the name, or a new one if there is none or it is taken."""
        book: dict[str, int] = json.loads(self._path.read_text()) if self._path.exists() else {}
        if name not in book or not is_free(book[name]):
            taken = set(book.values())
            book[name] = next(port for port in iter(free_port, None) if port not in taken)
            self._path.write_text(json.dumps(book, indent=2) + "\n")
        return book[name]
