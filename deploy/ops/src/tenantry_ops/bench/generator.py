"""`python -m tenantry_ops.bench.generator`: trackers that upload as fast as they get responses.

A separate process, so that its CPU is not counted as the server's. It reads a `Load` as one line of JSON, uploads one
row of every member, prints "ready", waits for a line, measures, and prints a `Report` as one line of JSON.
"""

import asyncio
import random
import sys
import time
from collections.abc import Sequence

import msgspec
import uvloop

from tenantry_ops.bench.crowd import Member
from tenantry_ops.bench.results import percentile
from tenantry_ops.bench.rows import Uploads
from tenantry_ops.bench.wire import Wire


class Load(msgspec.Struct):
    """A load: uploads of so many rows over so many connections for so many seconds.

    The recorded time starts `after` seconds after the members' log-in. With a `rate`, this many uploads start per
    second; otherwise each connection starts its next one after a response. A refusal ends the load unless it has a
    Retry-After and is `expected`: then it is counted, and the upload is repeated at once.
    """

    address: str
    members: Sequence[Member]
    keys: dict[str, str]
    rows: int
    connections: int
    seconds: float
    after: int
    rate: float = 0.0
    expected: bool = False


class Report(msgspec.Struct):
    """The result of a load: the rows of answered uploads, and the milliseconds per upload."""

    warm_rows: int
    rows: int
    seconds: float
    p50_ms: float
    p99_ms: float
    refused: int = 0


class Fleet:
    """Connections with disjoint members, so that no member has two concurrent uploads."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._taken = self._refused = 0
        self._times: list[float] = []
        self._end = float("inf")
        uploads = [Uploads(member, load.keys[member.company_id], member.since + load.after) for member in load.members]
        self._shares = [uploads[place :: load.connections] for place in range(load.connections)]

    async def run(self) -> Report:
        """Warms up, waits for the start, measures."""
        wires = [await Wire.open(self._load.address) for _ in self._shares]
        pairs = list(zip(wires, self._shares, strict=True))
        await asyncio.gather(*(self._once(wire, share) for wire, share in pairs))
        warm_rows, self._taken, self._refused, self._times = self._taken, 0, 0, []
        print("ready", flush=True)
        sys.stdin.readline()
        began = time.perf_counter()
        self._end = began + self._load.seconds
        await asyncio.gather(*(self._until(self._end, wire, share) for wire, share in pairs))
        seconds = time.perf_counter() - began
        p50, p99 = (percentile(self._times or [0.0], share) * 1e3 for share in (0.5, 0.99))
        return Report(warm_rows, self._taken, seconds, p50, p99, self._refused)

    async def _once(self, wire: Wire, share: Sequence[Uploads]) -> None:
        for uploads in share:
            await self._upload(wire, uploads.next(1), time.perf_counter())

    async def _until(self, end: float, wire: Wire, share: Sequence[Uploads]) -> None:
        pause = len(self._shares) / self._load.rate if self._load.rate else 0.0
        due = time.perf_counter() + random.random() * pause
        while True:
            for uploads in share:
                if max(due, time.perf_counter()) >= end:
                    return
                request = uploads.next(self._load.rows)
                if not pause:
                    await self._upload(wire, request, time.perf_counter())
                    continue
                await asyncio.sleep(due - time.perf_counter())
                await self._upload(wire, request, due)  # the time spent waiting for the previous upload counts
                due += pause

    async def _upload(self, wire: Wire, request: bytes, began: float) -> None:
        while True:
            status, body = await wire.call(request)
            if status == 200:
                break
            if not self._load.expected or b"retry-after:" not in wire.head:
                sys.exit(f"an upload was refused: {status} {body.decode()}")
            self._refused += 1
            if time.perf_counter() > self._end:
                return
        self._times.append(time.perf_counter() - began)
        self._taken += int(body.partition(b'"message":"')[2].partition(b" ")[0])  # the message is "20 rows stored"


if __name__ == "__main__":
    fleet = Fleet(msgspec.json.decode(sys.stdin.readline(), type=Load))
    print(msgspec.json.encode(uvloop.run(fleet.run())).decode(), flush=True)
