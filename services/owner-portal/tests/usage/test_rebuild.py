"""The read model is rebuilt from the feed while the live consumer continues: no data is lost or reverted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.dashboard.use_cases import Dashboards
from owner_portal.freshness.rules import Rebuild
from owner_portal.usage.rules import CompanyDay, CompanyMonth
from owner_portal.usage.use_cases.days import apply_usage
from owner_portal.usage.use_cases.rebuild import rebuild_usage
from owner_portal.web.notices import notice
from servicekit.errors import Refused, Unavailable
from servicekit.ids import new_id
from testkit.waiting import eventually

TODAY = datetime.now(UTC).date()


def day(company_id: UUID, age: int, revision: int, seconds: int) -> CompanyDay:
    return CompanyDay(company_id, TODAY - timedelta(days=age), revision, seconds, 0, 1, 1, 1, 1, 1)


def month(*days: CompanyDay) -> CompanyMonth:
    first = days[0].day.replace(day=1)
    return CompanyMonth(days[0].company_id, first, [((day.day - first).days + 1, *day[2:]) for day in days])


class Feed:
    """Hands out some batches at first, others when the end is read once more.

    `reached` and `go_on`: of the first and the second reading, at whose ends it waits if asked to.
    """

    def __init__(self, first: Sequence[Sequence[CompanyMonth]], late: Sequence[Sequence[CompanyMonth]] = ()) -> None:
        self.reached = (asyncio.Event(), asyncio.Event())
        self.go_on = (asyncio.Event(), asyncio.Event())
        self._parts = iter(zip((first, late), self.reached, self.go_on, strict=True))
        for event in self.go_on:
            event.set()
        self.progress = Rebuild(0, 4)

    async def read(self) -> AsyncIterator[Sequence[CompanyMonth]]:
        batches, reached, go_on = next(self._parts)
        for number, batch in enumerate(batches, start=1):
            self.progress = Rebuild(number, 4)
            yield batch
        reached.set()
        await go_on.wait()


async def sums(engine: AsyncEngine, company_id: UUID) -> tuple[int | None, int]:
    """Of the company's days, and of its row of sums."""
    statement = text("""
        SELECT (SELECT sum(active_seconds)::bigint FROM company_day WHERE company_id = :id),
               (SELECT active_90 FROM company_usage WHERE company_id = :id)
    """)
    async with engine.begin() as tx:
        days, rollup = (await tx.execute(statement, {"id": company_id})).one()
        return days, rollup


async def platform(engine: AsyncEngine) -> bool:
    """Whether the platform's days are those of the companies."""
    statement = text("""
        SELECT (SELECT sum(active_seconds) FROM company_day) = (SELECT sum(active_seconds) FROM platform_day)
    """)
    async with engine.begin() as tx:
        return bool((await tx.execute(statement)).scalar_one())


def ignore(_progress: Rebuild) -> None:
    pass


async def test_takes_the_newest_of_months_that_come_again(engine: AsyncEngine) -> None:
    gone, kept, twice = new_id(), new_id(), new_id()
    await apply_usage(engine, days=[day(gone, 0, 9, 9), day(kept, 0, 9, 9)])
    first = [[month(day(kept, 0, 2, 20), day(kept, 1, 1, 5))], [month(day(twice, 3, 1, 1), day(twice, 3, 2, 2))]]
    again = [[month(day(kept, 0, 1, 10)), month(day(kept, 0, 3, 30))]]
    await rebuild_usage(engine, feed=Feed(first + again, again), report=ignore)
    assert await sums(engine, kept) == (35, 35)
    assert await sums(engine, twice) == (2, 2)
    assert await sums(engine, gone) == (None, 0), "what the feed does not hold is not there afterwards"
    assert await platform(engine)
    await apply_usage(engine, days=[day(kept, 0, 2, 20), day(kept, 0, 3, 1)])
    assert await sums(engine, kept) == (35, 35), "a replay moves nothing back"


async def test_the_live_consumer_goes_on_meanwhile(engine: AsyncEngine) -> None:
    company, other = new_id(), new_id()
    await apply_usage(engine, days=[day(company, 0, 1, 1)])
    newer = [day(company, 0, 2, 2), day(other, 0, 1, 7)]
    feed = Feed([[month(day(company, 0, 1, 1))]], [[month(newer[0]), month(newer[1])]])
    feed.go_on[0].clear()
    rebuilding = asyncio.create_task(rebuild_usage(engine, feed=feed, report=ignore))
    await feed.reached[0].wait()
    await apply_usage(engine, days=newer)
    assert await sums(engine, company) == (2, 2), "pages show what comes in meanwhile"
    feed.go_on[0].set()
    await rebuilding
    assert (await sums(engine, company), await sums(engine, other)) == ((2, 2), (7, 7))


async def test_only_writers_wait_for_the_switch(engine: AsyncEngine, model: Any) -> None:
    company = new_id()
    feed = Feed([[month(day(company, 0, 1, 1))]])
    feed.go_on[1].clear()
    rebuilding = asyncio.create_task(rebuild_usage(engine, feed=feed, report=ignore))
    await feed.reached[1].wait()
    late = asyncio.create_task(apply_usage(engine, days=[day(company, 0, 2, 2)]))
    await model.company("Born meanwhile")
    assert not late.done()
    feed.go_on[1].set()
    await asyncio.gather(rebuilding, late)
    assert await sums(engine, company) == (2, 2)


async def test_pages_tell_how_far_it_is(engine: AsyncEngine) -> None:
    feed = Feed([[month(day(new_id(), 0, 1, 1))]])
    feed.go_on[0].clear()
    rebuilding = asyncio.create_task(rebuild_usage(engine, feed=feed, report=ignore))

    async def notices() -> str:
        summary = await Dashboards(engine, max_age=0).summary()
        return " ".join(notice(gap, datetime.now(UTC)) for gap in summary.gaps)

    async def shown() -> bool:
        return "25 % done" in await notices()

    await eventually(shown)
    with pytest.raises(Refused):
        await rebuild_usage(engine, feed=Feed([]), report=ignore)
    feed.go_on[0].set()
    await rebuilding
    assert "so far" not in await notices()


async def test_a_failure_changes_nothing(engine: AsyncEngine) -> None:
    company = new_id()
    await apply_usage(engine, days=[day(company, 0, 1, 1)])

    class Broken(Feed):
        async def read(self) -> AsyncIterator[Sequence[CompanyMonth]]:
            yield [month(day(company, 0, 5, 5))]
            raise Unavailable("the broker is away")

    with pytest.raises(Unavailable):
        await rebuild_usage(engine, feed=Broken([]), report=ignore)
    assert await sums(engine, company) == (1, 1)
    await rebuild_usage(engine, feed=Feed([[month(day(company, 0, 5, 5))]]), report=ignore)
    assert await sums(engine, company) == (5, 5)


async def test_the_service_may_replace_the_table_and_own_none(engine: AsyncEngine, model: Any) -> None:
    async with engine.begin() as tx:
        owners = text("SELECT count(*) FROM pg_tables WHERE tableowner = current_user")
        assert (await tx.execute(owners)).scalar_one() == 0
    await rebuild_usage(engine, feed=Feed([[]]), report=ignore)
    await rebuild_usage(engine, feed=Feed([[]]), report=ignore)
    company = await model.company("After")
    await model.day(company, TODAY, minutes=2)
    assert await sums(engine, company) == (120, 120)
