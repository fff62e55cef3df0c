"""The counts on PostgreSQL follow the rules of `credentials.throttle`, one attempt after another and concurrently."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from credentials.throttle import BUDGETS, Count, CountKind, give_back, step, subject
from sign_in_throttle import SignInAttempts, Subject
from testkit.engines import AnyPostgres

TABLE = """
CREATE TABLE attempt (
    subject bytea PRIMARY KEY, account bytea, kind text, used integer, most integer, ends_at timestamptz,
    day_used integer, day_most integer, day_ends_at timestamptz, refused integer, admitted boolean
)
"""
ATTEMPTS = SignInAttempts("attempt")
ACCOUNT = subject(CountKind.ACCOUNT, "ada@acme.example")
OF_ACCOUNT = Subject(CountKind.ACCOUNT, ACCOUNT, ACCOUNT)
PAIR = Subject(CountKind.PAIR, subject(CountKind.PAIR, ACCOUNT, "192.0.2.1"), ACCOUNT)
NETWORK = Subject(CountKind.ADDRESS, subject(CountKind.ADDRESS, "192.0.2.1"))
EARLIER = text("UPDATE attempt SET ends_at = ends_at - :by, day_ends_at = day_ends_at - :by")


@pytest.fixture(scope="module")
async def database(postgres_engine: AnyPostgres) -> AsyncIterator[AsyncEngine]:
    """A database with the table of counts and nothing else."""
    with psycopg.connect(postgres_engine.dsn(), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS sign_in_throttle WITH (FORCE)")
        connection.execute("CREATE DATABASE sign_in_throttle")
    with psycopg.connect(postgres_engine.dsn("sign_in_throttle")) as connection:
        connection.execute(TABLE)
    url = postgres_engine.dsn("sign_in_throttle").replace("postgresql://", "postgresql+psycopg://")
    engine = create_async_engine(url, connect_args={"options": "-c timezone=UTC"})
    yield engine
    await engine.dispose()


@pytest.fixture
async def engine(database: AsyncEngine) -> AsyncEngine:
    """The database without any count."""
    async with database.begin() as tx:
        await tx.execute(text("TRUNCATE attempt"))
    return database


async def attempt(engine: AsyncEngine, *subjects: Subject, times: int = 1) -> None:
    for _ in range(times):
        async with engine.begin() as tx:
            await ATTEMPTS.count(tx, subjects)


async def used(engine: AsyncEngine, counted: Subject) -> int | None:
    async with engine.begin() as tx:
        count = await ATTEMPTS.read(tx, counted.subject)
    return count.used if count else None


def aged(count: Count, by: timedelta) -> Count:
    return Count(count.used, count.ends_at - by, count.day_used, count.day_ends_at - by, count.refused, count.admitted)


@pytest.mark.parametrize("seed", range(3))
async def test_counts_follow_the_rules(engine: AsyncEngine, seed: int) -> None:
    rng = random.Random(seed)
    expected: dict[bytes, Count] = {}
    for _ in range(120):
        subjects = rng.sample([OF_ACCOUNT, PAIR, NETWORK], rng.randint(1, 3))
        async with engine.begin() as tx:
            now: datetime = (await tx.execute(text("SELECT now()"))).scalar_one()
            if rng.random() < 0.2 and all(each.subject in expected for each in subjects):
                await ATTEMPTS.settle(tx, gives_back=[each.subject for each in subjects], forgets=[])
                expected |= {each.subject: give_back(expected[each.subject]) for each in subjects}
            else:
                counts = await ATTEMPTS.count(tx, subjects)
                for each in subjects:
                    expected[each.subject] = step(expected.get(each.subject), BUDGETS[each.kind], now)
                assert counts == {each.subject: expected[each.subject] for each in subjects}
            by = timedelta(minutes=rng.choice([0, 0, 0, 1, 20, 700]))
            await tx.execute(EARLIER, {"by": by})
            expected = {key: aged(count, by) for key, count in expected.items()}


async def test_of_concurrent_attempts_only_the_budget_is_admitted(engine: AsyncEngine) -> None:
    async def admitted() -> bool:
        async with engine.begin() as tx:
            return (await ATTEMPTS.count(tx, [PAIR, NETWORK]))[PAIR.subject].admitted

    assert sum(await asyncio.gather(*(admitted() for _ in range(20)))) == BUDGETS[CountKind.PAIR].window


async def test_a_success_resets_some_subjects_and_is_subtracted_from_others(engine: AsyncEngine) -> None:
    await attempt(engine, OF_ACCOUNT, PAIR, times=3)
    async with engine.begin() as tx:
        await ATTEMPTS.settle(tx, gives_back=[OF_ACCOUNT.subject], forgets=[PAIR.subject])
    assert (await used(engine, OF_ACCOUNT), await used(engine, PAIR)) == (2, None)


async def test_lifting_resets_all_counts_of_an_account_and_no_other(engine: AsyncEngine) -> None:
    await attempt(engine, OF_ACCOUNT, PAIR, NETWORK)
    async with engine.begin() as tx:
        await ATTEMPTS.lift(tx, ACCOUNT)
    assert [await used(engine, each) for each in (OF_ACCOUNT, PAIR, NETWORK)] == [None, None, 1]


async def test_used_up_subjects_are_listed_until_their_window_ends(engine: AsyncEngine) -> None:
    await attempt(engine, PAIR, times=BUDGETS[CountKind.PAIR].window)
    await attempt(engine, PAIR, NETWORK, times=2)
    async with engine.begin() as tx:
        assert await ATTEMPTS.used_up(tx, CountKind.PAIR) == {PAIR.subject: 2}
        assert await ATTEMPTS.used_up(tx, CountKind.ADDRESS) == {}
        assert await ATTEMPTS.count_used_up(tx, CountKind.PAIR) == 1
        await tx.execute(EARLIER, {"by": timedelta(minutes=15)})
        assert await ATTEMPTS.count_used_up(tx, CountKind.PAIR) == 0


async def test_counts_are_swept_after_a_day(engine: AsyncEngine) -> None:
    await attempt(engine, PAIR)
    async with engine.begin() as tx:
        await tx.execute(EARLIER, {"by": timedelta(days=1)})
    await attempt(engine, NETWORK)
    assert await used(engine, PAIR) is None
    async with engine.begin() as tx:
        await ATTEMPTS.sweep(tx)
        assert (await tx.execute(text("SELECT subject FROM attempt"))).scalars().all() == [NETWORK.subject]


async def test_a_service_can_count_by_a_statement_of_its_own(engine: AsyncEngine) -> None:
    recorder = SignInAttempts(
        "attempt",
        count="""
            SELECT unnest(CAST(:subjects AS bytea[])) AS subject, CAST(:used AS int) AS used, now() AS ends_at,
                1 AS day_used, now() AS day_ends_at, 0 AS refused, true AS admitted
        """,
    )
    async with engine.begin() as tx:
        counts = await recorder.count(tx, [PAIR], used=7)
    assert counts[PAIR.subject].used == 7
    assert await used(engine, PAIR) is None
