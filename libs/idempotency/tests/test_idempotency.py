"""Idempotency keys on PostgreSQL: one effect for good, the first response for a day."""

from collections.abc import AsyncIterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.billing.v1 import action_pb2, subscriptions_pb2
from idempotency import TABLE, AlreadyAnswered, KeyedRequest, clear_responses, fingerprint, once, respond_once
from servicekit.database import create_engine
from servicekit.errors import Conflict, Refused
from testkit.engines import AnyPostgres

AGE = text("UPDATE idempotency_key SET used_at = used_at - interval '24 hours' WHERE key = :key")


@pytest.fixture(scope="module")
async def engine(postgres_engine: AnyPostgres) -> AsyncIterator[AsyncEngine]:
    """A database with the table of keys and nothing else."""
    with psycopg.connect(postgres_engine.dsn(), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS idempotency WITH (FORCE)")
        connection.execute("CREATE DATABASE idempotency")
    with psycopg.connect(postgres_engine.dsn("idempotency")) as connection:
        connection.execute(TABLE)
    engine = create_engine(postgres_engine.dsn("idempotency"), name="idempotency-tests")
    yield engine
    await engine.dispose()


class Account:
    """Something that a repeated request must not change twice."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.balance = 0

    async def pay(self, key: str, content: bytes = b"p") -> int:
        request = KeyedRequest(key, content.ljust(32), lambda balance: str(balance).encode())
        async with self.engine.begin() as tx:
            return await once(tx, request, self._pay)

    async def _pay(self) -> int:
        self.balance += 10
        if self.balance > 50:
            raise Refused("too much")
        return self.balance


@pytest.fixture
def account(engine: AsyncEngine) -> Account:
    return Account(engine)


async def test_a_repetition_has_no_effect_and_gets_the_first_response(account: Account) -> None:
    assert await account.pay("repeated") == 10
    await account.pay("another")
    with pytest.raises(AlreadyAnswered) as before:
        await account.pay("repeated")
    assert (before.value.response, account.balance) == (b"10", 20)


async def test_a_key_belongs_to_one_request(account: Account) -> None:
    await account.pay("owned")
    with pytest.raises(Conflict, match="was used for another request: take a new key"):
        await account.pay("owned", b"q")
    assert account.balance == 10


async def test_a_refused_request_leaves_its_key_free(account: Account) -> None:
    account.balance = 50
    with pytest.raises(Refused):
        await account.pay("free")
    account.balance = 0
    assert await account.pay("free") == 10


async def test_a_response_is_kept_for_a_day_and_the_key_for_good(account: Account, engine: AsyncEngine) -> None:
    await account.pay("old")
    await account.pay("young")
    async with engine.begin() as tx:
        await tx.execute(AGE, {"key": "old"})
    for cleared in (1, 0):
        with pytest.raises(Conflict, match="was used more than 24 hours ago"):
            await account.pay("old")
        async with engine.begin() as tx:
            assert await clear_responses(tx) == cleared
    with pytest.raises(Conflict, match="was used more than 24 hours ago"):
        await account.pay("old")
    with pytest.raises(Conflict, match="was used for another request"):
        await account.pay("old", b"q")
    with pytest.raises(AlreadyAnswered):
        await account.pay("young")
    assert account.balance == 20


def extension(key: str = "k", reason: str = "asked", request_id: str = "", days: int = 3) -> bytes:
    action = action_pb2.Action(actor="a", reason=reason, idempotency_key=key, request_id=request_id)
    return fingerprint(subscriptions_pb2.ExtendSubscriptionRequest(action=action, company_id="c", days=days))


def test_repetitions_of_a_request_have_its_fingerprint_and_no_other_request_has() -> None:
    assert extension() == extension(request_id="of another attempt")
    renewal = subscriptions_pb2.RenewSubscriptionRequest(
        action=action_pb2.Action(actor="a", reason="asked", idempotency_key="k"), company_id="c"
    )
    prints = {extension(), extension(reason="other"), extension(days=4), extension(key="l"), fingerprint(renewal)}
    assert len(prints) == 5
    assert {len(each) for each in prints} == {32}


def test_a_fingerprint_leaves_its_request_as_it_is() -> None:
    request = subscriptions_pb2.RenewSubscriptionRequest(action=action_pb2.Action(actor="a", request_id="r"))
    fingerprint(request)
    assert request.action.request_id == "r"


async def test_a_stored_response_is_read_as_a_message() -> None:
    stored = action_pb2.Action(actor="first")

    async def result(*, repeated: bool) -> str:
        if repeated:
            raise AlreadyAnswered(stored.SerializeToString())
        return "second"

    def respond(actor: str) -> action_pb2.Action:
        return action_pb2.Action(actor=actor)

    assert (await respond_once(action_pb2.Action, respond, result(repeated=False))).actor == "second"
    assert (await respond_once(action_pb2.Action, respond, result(repeated=True))) == stored
