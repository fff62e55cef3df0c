"""Processes are killed and frozen and connections are cut under load.

No row that the gateway has acknowledged is lost, and none counts twice. FAULT_ROUNDS=9 makes 108 faults,
FAULT_PEOPLE=25 50 desktops; FAULT_SECONDS=15 is how long a process is frozen or a connection is unreliable.
"""

import asyncio
import logging
import os
import time
from collections import Counter
from collections.abc import Sequence

import pytest

from testkit.waiting import eventually
from tests.platform.bad_line import BadLine, bad_line
from tests.platform.canaries import search_logs
from tests.platform.company import Company, Found, Person
from tests.platform.faults import FAULTS, inflict
from tests.platform.fleet import Row, Worker, at_their_desks, sign_in_for_ever
from tests.platform.numbers import assert_reconciled, settled
from tests.platform.running import Running
from tracker_client import ActivityKind, open_http

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
SECONDS = float(os.environ.get("FAULT_SECONDS", "2"))
PEOPLE = int(os.environ.get("FAULT_PEOPLE", "10"))  # in each of two companies

log = logging.getLogger(__name__)


def stored(running: Running, company: Company) -> Counter[Row]:
    """Returns every row of use in the database."""
    rows = running.rows("tracking", "SELECT name, detail, seconds FROM usage_record WHERE company_id = %s", company.id)
    return Counter((row.name, row.detail, row.seconds) for row in rows)


async def all_hear_a_200(fleet: Sequence[Worker], tasks: Sequence["asyncio.Task[None]"]) -> None:
    """Waits until every desktop has received a response again; raises the error of one that ended."""
    before = [worker.answered for worker in fleet]

    def progress() -> bool:
        for task in tasks:
            if task.done():
                task.result()
        return all(worker.answered > count for worker, count in zip(fleet, before, strict=True))

    await eventually(progress, timeout=90)


async def go_wrong(
    running: Running, line: BadLine, fleet: Sequence[Worker], tasks: Sequence["asyncio.Task[None]"]
) -> None:
    """Injects each fault in each round, under load; the next one follows when all trackers are served again."""
    await all_hear_a_200(fleet, tasks)
    for number in range(ROUNDS):
        for fault in FAULTS:
            began = time.monotonic()
            await inflict(running, line, fault, seconds=SECONDS)
            await all_hear_a_200(fleet, tasks)
            log.info("round %d, %s: all served again after %.1f s", number + 1, fault, time.monotonic() - began)


@pytest.mark.timeout(120 + 360 * ROUNDS)
async def test_no_row_is_lost_and_none_counts_twice(running: Running, found_company: Found) -> None:
    companies = [await found_company(name, people=PEOPLE) for name in ("Melilot", "Woodruff")]
    stranger = Person("Stranger", "stranger@tansy.example", "a password that nobody has")
    async with bad_line(running.gateway) as line, open_http() as http:
        fleets = {company.id: await at_their_desks(company, http, line.url) for company in companies}
        fleet = [worker for workers in fleets.values() for worker in workers]
        tasks = [asyncio.create_task(worker.work()) for worker in fleet]
        tasks.append(asyncio.create_task(sign_in_for_ever(companies[1], stranger, http)))
        try:
            await go_wrong(running, line, fleet, tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert all(worker.desktop.tracking for worker in fleet), "no outage stops a tracker"
        await asyncio.gather(*(worker.drain() for worker in fleet))

    for company in companies:
        made: Counter[Row] = sum((worker.made for worker in fleets[company.id]), Counter())
        kept = stored(running, company)
        lost, twice = made - kept, kept - made
        days = await settled(running, company.id, seconds=60)
        ticked: Counter[ActivityKind] = sum((worker.desktop.truth.ticked for worker in fleets[company.id]), Counter())
        counted = {
            "ACTIVE": sum(day.active_seconds for day in days),
            "INACTIVE": sum(day.idle_seconds for day in days),
        }
        unheard = sum(worker.unanswered for worker in fleets[company.id])
        uploads = sum(worker.answered for worker in fleets[company.id])
        log.info(
            "%d uploads acknowledged: %d rows, %d lost, %d twice", uploads, made.total(), lost.total(), twice.total()
        )
        log.info("%d attempts to upload got no 200", unheard)
        log.info("%s worked, %s counted", dict(ticked), counted)
        assert (lost, twice) == (Counter(), Counter())
        assert counted == ticked
        assert sum(day.sessions for day in days) == PEOPLE
    assert_reconciled(running)
    words = [word for worker in fleet for word in (worker.person.email, worker.person.name)]
    assert search_logs(running, [*words, stranger.email, stranger.password]) == []
