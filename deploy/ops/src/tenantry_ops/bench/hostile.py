"""The effect on others of uploads of 32 MB from attackers.

Each attacker knows a company's key. It sends an upload of ten million empty rows, with an unknown token or a device's,
and starts again half a second after a refusal. Meanwhile others send ordinary uploads at a steady rate.
"""

import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tenantry_ops.bench import cpu
from tenantry_ops.bench.crowd import Crowd, Member
from tenantry_ops.bench.loads import Loads
from tenantry_ops.bench.results import Result
from tenantry_ops.bench.rig import Rig
from tenantry_ops.bench.rows import PATH
from tenantry_ops.bench.strangers import strangers

ATTACKERS = 50
RATE = 300  # ordinary uploads per second, as from a few hundred trackers
SECONDS = 10.0
FIRST_HOUR = 140  # of the members' time; earlier hours belong to other benchmarks
SIZE = 32 * 1024 * 1024  # bytes, the largest upload
PIECE = 64 * 1024
PAUSE = 0.5  # seconds


def hostile(rig: Rig, crowd: Crowd) -> list[Result]:
    """Compares the p99 of ordinary uploads with and without attackers."""
    loads = Loads(rig, crowd, seconds=SECONDS, first_hour=FIRST_HOUR)
    gateway = rig.processes["gateway"]
    alone = loads.run(crowd.members, rate=RATE)
    results = [Result("hostile_p99_alone", alone.p99_ms, "ms")]
    before = cpu.memory(gateway)
    for name, token in (("strangers", lambda _member: "unknown"), ("devices", lambda member: member.token)):
        used = cpu.seconds([gateway])
        with _attackers(rig, crowd, token) as answers:
            beside = loads.run(crowd.members, rate=RATE)
        used = cpu.seconds([gateway]) - used
        results += [
            Result(f"hostile_p99_beside_{name}", beside.p99_ms / alone.p99_ms, "x alone", goal=2.0),
            Result(f"hostile_refused_{name}", answers.total(), "uploads"),
            Result(f"hostile_cpu_{name}", used / max(1, answers.total()) * 1000, "ms an attempt, the others' included"),
        ]
    growth = cpu.memory(gateway) - before
    return [
        *results,
        *strangers(rig),
        Result("hostile_memory_growth", growth, "MiB"),
        Result("hostile_lost", loads.lost(), "rows", goal=0, must=True),
    ]


@contextmanager
def _attackers(rig: Rig, crowd: Crowd, token: Callable[[Member], str]) -> Iterator[Counter[int]]:
    """Counts the attackers' responses by status; 0 if a connection ended without one."""
    answers: Counter[int] = Counter()
    done = threading.Event()

    def attack(member: Member) -> None:
        while not done.is_set():
            answers[_send(rig.platform.gateway, crowd.keys[member.company_id], member, token(member))] += 1
            done.wait(PAUSE)

    threads = [threading.Thread(target=attack, args=(member,)) for member in crowd.members[:ATTACKERS]]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _send(address: str, key: str, member: Member, token: str) -> int:
    ids = {"employee_id": member.employee_number, "active_token": token, "work_session_id": member.session_number}
    start = json.dumps(ids)[:-1].encode() + b', "activities": ['
    rows = b"{}," * (PIECE // 3)
    host, _, port = address.rpartition(":")
    head = f"POST {PATH} HTTP/1.1\r\nHost: {address}\r\nX-Company-Key: {key}\r\nContent-Length: {SIZE}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        try:
            connection.sendall(head.encode() + start)
            for _ in range((SIZE - len(start)) // len(rows)):
                connection.sendall(rows)
        except OSError:
            pass  # refused before the end; the response may have arrived
        try:
            answer = connection.recv(64)
        except OSError:
            return 0
    return int(answer[9:12]) if answer[9:12].isdigit() else 0
