"""The processes of a benchmark besides the platform: the generator, and the server that only decodes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from tenantry_ops.bench.generator import Load, Report
from tenantry_ops.bench.results import BenchmarkFailed
from tenantry_ops.ports import LOOPBACK, free_port


@dataclass(frozen=True)
class Decoder:
    """A running `tenantry_ops.bench.decoder`."""

    address: str
    pid: int


class Generator:
    """A running `tenantry_ops.bench.generator`, warmed up and waiting for the start."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def go(self) -> Report:
        """Runs a measurement. Raises BenchmarkFailed if an upload was refused, or none was made."""
        self.begin()
        return self.end()

    def begin(self) -> None:
        """Starts a measurement."""
        _say(self._process, "go")

    def end(self) -> Report:
        """Waits for the end of the measurement."""
        report = msgspec.json.decode(_hear(self._process), type=Report)
        if not report.rows:
            raise BenchmarkFailed("no row was uploaded")
        return report


@contextmanager
def decoder_running() -> Iterator[Decoder]:
    """Runs the server that only decodes for the duration of the block."""
    port = free_port()
    with _running("tenantry_ops.bench.decoder", str(port)) as process:
        _hear(process)
        yield Decoder(f"{LOOPBACK}:{port}", process.pid)


@contextmanager
def generator_ready(load: Load) -> Iterator[Generator]:
    """Runs a generator for the duration of the block; returns once it has warmed up the server."""
    with _running("tenantry_ops.bench.generator") as process:
        _say(process, msgspec.json.encode(load).decode())
        _hear(process)
        yield Generator(process)


@contextmanager
def _running(module: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _say(process: "subprocess.Popen[str]", line: str) -> None:
    if process.stdin is not None:
        process.stdin.write(line + "\n")
        process.stdin.flush()


def _hear(process: "subprocess.Popen[str]") -> str:
    line = process.stdout.readline() if process.stdout is not None else ""
    if not line:
        raise BenchmarkFailed(f"{process.args!r} ended with code {process.wait()}")
    return line
