"""The memory that the gateway holds for connections without a key: endless heads, trailers and chunk extensions."""

import socket
import time
from contextlib import ExitStack, suppress

from tenantry_ops.bench import cpu
from tenantry_ops.bench.results import Result
from tenantry_ops.bench.rig import Rig
from tenantry_ops.bench.rows import PATH

CONNECTIONS = 20  # concurrent ones of each kind
SENT = 8 * 1024 * 1024  # bytes that each tries to send
PIECE = 64 * 1024
HELD_SECONDS = 1.0  # before the memory is measured
_HEAD = f"POST {PATH} HTTP/1.1\r\nHost: gateway\r\n".encode()
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
KINDS = {
    "head": (_HEAD, b"X-Filler: " + b"a" * 100 + b"\r\n"),
    "field": (_HEAD + b"X-Filler: ", b"a" * 100),
    "trailers": (_CHUNKED + b"0\r\n", b"X-Filler: " + b"a" * 100 + b"\r\n"),
    "extensions": (_CHUNKED + b"1;", b"a" * 100),
    "pipelined": (b"", b"GET / HTTP/1.1\r\nHost: gateway\r\n\r\n"),
}


def strangers(rig: Rig) -> list[Result]:
    """Returns the gateway's growth in MiB per open connection without a key."""
    return [
        Result(f"stranger_{name}", _grown(rig, start, more), "MiB a connection", goal=1.0)
        for name, (start, more) in KINDS.items()
    ]


def _grown(rig: Rig, start: bytes, more: bytes) -> float:
    host, _, port = rig.platform.gateway.rpartition(":")
    gateway = rig.processes["gateway"]
    piece = more * (PIECE // len(more))
    before = cpu.memory(gateway)
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            connection = stack.enter_context(socket.create_connection((host, int(port)), timeout=2.0))
            with suppress(OSError):  # it ends them, or reads no more
                connection.sendall(start)
                for _ in range(SENT // len(piece)):
                    connection.sendall(piece)
        time.sleep(HELD_SECONDS)
        return max(0.0, cpu.memory(gateway) - before) / CONNECTIONS
