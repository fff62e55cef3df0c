"""The queue of hashes: priorities, refusals, and cancelled attempts."""

import asyncio
import threading
from functools import partial

import pytest

from credentials.hashing import HashingAdmission, HashQueue, Priority, QueuePlace, TooManySignIns


class Gate:
    """Occupies the only thread until it is opened; records the order in which the others are served."""

    def __init__(self, queue: HashQueue) -> None:
        self.queue = queue
        self.opened = threading.Event()
        self.order: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def hold(self) -> None:
        self.tasks.append(asyncio.create_task(self.queue.run(QueuePlace(), self.opened.wait)))
        await asyncio.sleep(0)

    async def enqueue(self, name: str, priority: Priority, address: str) -> asyncio.Task[None]:
        async def one() -> None:
            await self.queue.run(QueuePlace(priority, address), lambda: self.order.append(name))

        task = asyncio.create_task(one())
        self.tasks.append(task)
        await asyncio.sleep(0)
        return task

    async def open(self) -> list[str]:
        self.opened.set()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        return self.order


@pytest.fixture
def gate() -> Gate:
    return Gate(HashQueue(threads=1, max_wait=1000))


async def test_known_places_come_first_and_addresses_take_turns(gate: Gate) -> None:
    await gate.hold()
    for number in range(3):
        await gate.enqueue(f"crowd {number}", Priority.FRESH, "192.0.2.1")
    await gate.enqueue("failed", Priority.REST, "192.0.2.3")
    await gate.enqueue("honest", Priority.FRESH, "192.0.2.2")
    await gate.enqueue("known", Priority.KNOWN, "192.0.2.1")
    assert await gate.open() == ["known", "crowd 0", "honest", "crowd 1", "crowd 2", "failed"]


async def test_the_lowest_class_does_not_starve(gate: Gate) -> None:
    await gate.hold()
    await gate.enqueue("failed", Priority.REST, "192.0.2.3")
    for number in range(20):
        await gate.enqueue(f"fresh {number}", Priority.FRESH, f"198.51.100.{number}")
    assert (await gate.open()).index("failed") < 10


async def test_an_attempt_that_would_wait_too_long_is_refused_with_a_delay() -> None:
    gate = Gate(HashQueue(threads=1, max_wait=0.2))
    await gate.hold()
    for number in range(5):
        await gate.enqueue(f"crowd {number}", Priority.FRESH, "192.0.2.1")
    late = [await gate.enqueue("late", Priority.FRESH, "192.0.2.1") for _ in range(20)]
    refusal = late[-1].exception()
    assert isinstance(refusal, TooManySignIns)
    assert refusal.retry_after >= 1
    honest = await gate.enqueue("honest", Priority.FRESH, "192.0.2.2")
    known = await gate.enqueue("known", Priority.KNOWN, "192.0.2.1")
    assert not honest.done()
    order = await gate.open()
    assert order[0] == "known"
    assert order.index("honest") <= 3
    assert known.exception() is None


async def test_cancelled_attempts_are_skipped(gate: Gate) -> None:
    await gate.hold()
    gone = await gate.enqueue("gone", Priority.FRESH, "192.0.2.1")
    await gate.enqueue("there", Priority.FRESH, "192.0.2.1")
    gone.cancel()
    assert await gate.open() == ["there"]


async def test_an_error_is_passed_on() -> None:
    queue = HashQueue(threads=1)
    with pytest.raises(ZeroDivisionError):
        await queue.run(QueuePlace(), lambda: 1 // 0)
    assert await queue.run(QueuePlace(), lambda: 7) == 7


async def test_early_retries_do_not_overtake_those_who_wait() -> None:
    hashing_admission, opened, order = HashingAdmission(slots=1), asyncio.Event(), []

    async def attempt(name: str) -> None:
        await opened.wait()
        order.append(name)

    async def queue(name: str, address: str) -> asyncio.Task[None]:
        task = asyncio.create_task(hashing_admission.run(name.encode(), b"own", address, lambda: attempt(name)))
        await asyncio.sleep(0)
        return task

    tasks = [await queue("first", "192.0.2.1")]
    tasks += [await queue(f"crowd {number}", f"198.51.100.{number}") for number in range(200)]
    told = next(
        number for number, task in enumerate(tasks[1:]) if task.done() and isinstance(task.exception(), TooManySignIns)
    )
    hammering = await queue("hammering", f"198.51.100.{told}")
    assert isinstance(hammering.exception(), TooManySignIns)
    hashing_admission.succeeded(b"known", b"own")
    tasks.append(await queue("known", f"198.51.100.{told}"))
    opened.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order[:2] == ["first", "known"]
    hashing_admission.failed("203.0.113.1")
    assert hashing_admission._priority(b"", b"", "203.0.113.1") is Priority.REST
    assert hashing_admission._priority(b"", b"", "203.0.113.2") is Priority.FRESH


async def test_a_place_is_known_for_one_account_until_it_is_refused() -> None:
    """A place that is known for one account has no priority for guesses at others."""
    hashing_admission, place, opened = HashingAdmission(slots=1), b"a browser", asyncio.Event()
    order: list[str] = []

    async def note(name: str) -> None:
        order.append(name)

    async def served() -> list[str]:
        order.clear()
        opened.clear()
        tasks = [asyncio.create_task(hashing_admission.run(b"", b"", "192.0.2.9", opened.wait))]
        await asyncio.sleep(0)
        for name, account, address in (
            ("stranger", b"else", "192.0.2.1"),
            ("other account", b"other", "192.0.2.2"),
            ("own account", b"own", "192.0.2.2"),
        ):
            browser = b"" if name == "stranger" else place
            tasks.append(asyncio.create_task(hashing_admission.run(browser, account, address, partial(note, name))))
            await asyncio.sleep(0)
        opened.set()
        await asyncio.gather(*tasks)
        return list(order)

    hashing_admission.succeeded(place, b"own")
    assert await served() == ["own account", "stranger", "other account"]
    hashing_admission.refused(place, b"own")
    assert await served() == ["stranger", "other account", "own account"]


async def test_known_places_are_refused_after_a_longer_wait() -> None:
    gate = Gate(HashQueue(threads=1, max_wait=0.2, max_wait_of_known=1))
    await gate.hold()
    known = [await gate.enqueue("known", Priority.KNOWN, "192.0.2.1") for _ in range(200)]
    signed_in = await gate.enqueue("signed in", Priority.SIGNED_IN, "192.0.2.1")
    await asyncio.sleep(0)
    assert known[-1].done()
    assert isinstance(known[-1].exception(), TooManySignIns)
    assert not known[0].done()
    assert (await gate.open())[0] == "signed in"
    assert signed_in.exception() is None
