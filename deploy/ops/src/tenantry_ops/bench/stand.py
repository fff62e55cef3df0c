"""10,000 companies with 20 people each: how soon a new gateway serves them, and what they add to a call."""

import hashlib
import hmac
import os
import signal
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

import httpx
import psycopg

from tenantry_ops.bench import cpu
from tenantry_ops.bench.costs import platform_cost
from tenantry_ops.bench.crowd import PEOPLE_EACH, Crowd, Member, sit_down
from tenantry_ops.bench.customers import may_work
from tenantry_ops.bench.generator import Load
from tenantry_ops.bench.results import BenchmarkFailed, Result
from tenantry_ops.bench.rig import Rig

GOAL_START_SECONDS = 5.0  # from the end of one gateway to the first response of the next
GOAL_MICROSECONDS = 15.0
STARTED_SECONDS = 60.0
ROUNDS = 3
SECONDS = 4.0
CONNECTIONS = 64
PLACES = 2  # uploading people per company; with all of them, the generator would warm up for minutes
FIRST_HOUR = 4  # of the members' time; earlier hours belong to other benchmarks

KEYS = "SELECT k.id, k.company_id FROM company_key k WHERE NOT EXISTS (SELECT FROM key_digest d WHERE d.key_id = k.id)"
DIGESTS = "COPY key_digest (digest, key_id, pepper_id) FROM STDIN"
COMPANIES = "INSERT INTO company (company_id, time_zone) SELECT id, 'UTC' FROM unnest(%s::uuid[]) id"


def stand(rig: Rig, crowd: Crowd, customers: Sequence[UUID]) -> list[Result]:
    """Raises BenchmarkFailed if the gateway does not restart, or an upload is refused."""
    keys = _keys(rig)
    with psycopg.connect(rig.superuser_dsn("tracking"), autocommit=True) as tracking:
        tracking.execute(COMPANIES, [list(customers)])
    people = sit_down(rig, [str(company_id) for company_id in customers])
    for name in ("tenancy", "billing", "tracking"):
        with psycopg.connect(rig.superuser_dsn(name), autocommit=True) as database:
            database.execute("VACUUM ANALYZE")  # now, not in the middle of what is measured
    if len(people) != PEOPLE_EACH * len(customers):
        raise BenchmarkFailed(f"{len(people)} people sat down")
    working = {str(company_id) for company_id in may_work(customers)}
    at_work = [member for member in people if member.company_id in working]
    some = Crowd(tuple(at_work[: PLACES * len(working)]), keys)
    return [
        Result("stand_people", len(people), "people"),
        *_cold_start(rig, at_work[0], keys),
        *_calls(rig, crowd, some),
    ]


def _keys(rig: Rig) -> dict[str, str]:
    """Creates a key for each customer in tenancy's form; returns the texts by company."""
    pepper = bytes.fromhex(rig.platform.secrets.key_pepper)
    pepper_id = hmac.digest(pepper, b"pepper-id", "sha256").hex()[:8]
    with psycopg.connect(rig.superuser_dsn("tenancy")) as tenancy:
        found = tenancy.execute(KEYS).fetchall()
        texts = {key_id: f"company_{hashlib.sha256(key_id.bytes).hexdigest()[:32]}" for key_id, _company in found}
        with tenancy.cursor() as cursor, cursor.copy(DIGESTS) as copy:
            for key_id, text in texts.items():
                copy.write_row((hmac.digest(pepper, text.encode(), "sha256"), key_id, pepper_id))
    return {str(company_id): texts[key_id] for key_id, company_id in found}


def _cold_start(rig: Rig, member: Member, keys: Mapping[str, str]) -> Iterator[Result]:
    """Kills a gateway; the supervisor starts another with an empty access directory."""
    os.kill(rig.processes["gateway"], signal.SIGKILL)
    began = time.monotonic()
    while not _is_served(rig, member, keys[member.company_id]):
        if time.monotonic() - began > STARTED_SECONDS:
            raise BenchmarkFailed(f"no gateway has answered for {STARTED_SECONDS:.0f} s")
        time.sleep(0.02)
    yield Result("stand_cold_start", time.monotonic() - began, "s", goal=GOAL_START_SECONDS)
    yield Result("stand_cold_start_cpu", cpu.seconds([rig.processes["gateway"]]), "CPU-s")
    yield Result("stand_memory", cpu.memory(rig.processes["gateway"]), "MiB")


def _is_served(rig: Rig, member: Member, key: str) -> bool:
    session = {"active_token": member.token, "session_id": member.session_number}
    try:
        reply = httpx.post(
            f"http://{rig.platform.gateway}/api/check-session-active", headers={"X-Company-Key": key}, json=session
        )
    except httpx.TransportError:
        return False
    return reply.status_code == 200 and bool(reply.json()["status"])


def _calls(rig: Rig, few: Crowd, many: Crowd) -> Iterator[Result]:
    """Compares the gateway's CPU for one-row uploads of a few people and of people from all companies, alternately."""
    costs: dict[str, list[float]] = {"few": [], "many": []}
    for number in range(ROUNDS):
        for name, crowd in (("few", few), ("many", many)):
            load = Load(
                address=rig.platform.gateway,
                members=crowd.members,
                keys=crowd.keys,
                rows=1,
                connections=CONNECTIONS,
                seconds=SECONDS,
                after=(FIRST_HOUR + number) * 3600,
            )
            costs[name].append(platform_cost(rig, load).by_process["gateway"] * 1000)
    more = statistics.median(many - few for few, many in zip(*costs.values(), strict=True))
    yield Result("stand_upload_cpu_of_few", statistics.median(costs["few"]), "µs")
    yield Result("stand_upload_cpu_of_many", statistics.median(costs["many"]), "µs")
    yield Result("stand_upload_cpu_added", more, "µs", goal=GOAL_MICROSECONDS)
