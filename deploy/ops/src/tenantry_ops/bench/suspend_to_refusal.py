"""The delay of a suspension: from the owner's click to the refusal by the slower gateway worker."""

import asyncio
import time

from tenantry_ops.bench.crowd import Crowd, Member
from tenantry_ops.bench.owner import Owner, signed_in
from tenantry_ops.bench.results import BenchmarkFailed, Result, percentile
from tenantry_ops.bench.rig import Rig
from tenantry_ops.bench.rows import Uploads
from tenantry_ops.bench.wire import Wire, request
from tenantry_ops.bench.workers import wait_accepted, wire_to_each

TRIALS = 50
WORKERS = 2
GOAL_SECONDS = 1.0
PROBE_PAUSE = 0.002
GIVE_UP_SECONDS = 20.0
FOLLOW_UP_CALLS = 5  # over new connections, after the last worker has refused


async def suspend_to_refusal(rig: Rig, crowd: Crowd) -> list[Result]:
    """Needs two workers. Raises BenchmarkFailed if a worker accepts a call after a refusal, or never refuses."""
    platform, member = rig.platform, crowd.members[0]
    key = crowd.keys[member.company_id]
    probe = request("GET", "/api/employee-config/", {"X-Company-Key": key, "Authorization": f"Token {member.token}"})
    upload = Uploads(member, key, member.since).next(1)
    times: list[tuple[float, float]] = []
    async with signed_in(platform) as owner:
        for _trial in range(TRIALS):
            wires = await wire_to_each(platform.gateway, rig.processes["gateway"], WORKERS)
            for wire in wires:
                await wait_accepted(wire, probe)
            times.append(await _trial_times(owner, member, wires, probe))
            await _check_refused(platform.gateway, wires, [probe, upload])
            await owner.reactivate(member.company_id)
            for wire in wires:
                await wait_accepted(wire, probe)
                wire.close()
    slowest, its_click = max(times)
    median = percentile([refusal for refusal, _ in times], 0.5)
    return [
        Result.against("suspend_to_refusal_p50", median, "s", percentile([click for _, click in times], 0.5)),
        Result.against("suspend_to_refusal_max", slowest, "s", its_click, GOAL_SECONDS),
    ]


async def _trial_times(owner: Owner, member: Member, wires: list[Wire], probe: bytes) -> tuple[float, float]:
    """Returns the seconds from the click to the last worker's first refusal, and to the click's own response."""
    began = time.perf_counter()

    async def click() -> float:
        await owner.suspend(member.company_id)
        return time.perf_counter() - began

    clicked = asyncio.create_task(click())
    refused = await asyncio.gather(*(_first_refusal(wire, probe, began) for wire in wires))
    return max(refused), await clicked


async def _first_refusal(wire: Wire, probe: bytes, began: float) -> float:
    while (passed := time.perf_counter() - began) < GIVE_UP_SECONDS:
        status, _body = await wire.call(probe)
        if status == 403:
            return time.perf_counter() - began
        await asyncio.sleep(PROBE_PAUSE)
    raise BenchmarkFailed(f"a gateway worker still accepts a company {passed:.0f} s after it was suspended")


async def _check_refused(address: str, wires: list[Wire], calls: list[bytes]) -> None:
    fresh = [await Wire.open(address) for _ in range(FOLLOW_UP_CALLS)]
    for wire in (*wires, *fresh):
        for call in calls:
            status, body = await wire.call(call)
            if status != 403:
                raise BenchmarkFailed(f"a suspended company's call was answered {status}: {body.decode()}")
    for wire in fresh:
        wire.close()
