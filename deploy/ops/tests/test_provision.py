"""Roles, rights, streams: what each service can do, and what it cannot."""

import asyncio
from dataclasses import replace

import nats
import psycopg
import pytest
from nats.aio.client import Client

from tenantry_ops.provision import provision_nats, provision_postgres
from tenantry_ops.secrets import Secrets, generate
from tenantry_ops.topology import DATABASES
from testkit.engines import AnyNats, AnyPostgres


def connect(engine: AnyPostgres, secrets: Secrets, role: str, database: str) -> psycopg.Connection:
    return psycopg.connect(engine.dsn(database), user=role, password=secrets.roles[role])


@pytest.mark.parametrize("role", [role.name for database in DATABASES.values() for role in database.roles])
def test_a_role_enters_its_own_database_alone(postgres_engine: AnyPostgres, provisioned: Secrets, role: str) -> None:
    for name in (*DATABASES, "postgres", "template1"):
        if name == role.partition("_")[0]:
            connect(postgres_engine, provisioned, role, name).close()
        else:
            with pytest.raises(psycopg.OperationalError, match="CONNECT"):
                connect(postgres_engine, provisioned, role, name)


def test_only_the_ingest_writer_skips_row_security(postgres_engine: AnyPostgres, provisioned: Secrets) -> None:
    with connect(postgres_engine, provisioned, "tracking_app", "tracking") as connection:
        rows = connection.execute("SELECT rolname FROM pg_roles WHERE rolbypassrls ORDER BY rolname").fetchall()
        powerful = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication"
        ).fetchall()
    assert [name for (name,) in rows] == ["postgres", "tracking_ingest"]
    assert [name for (name,) in powerful] == ["postgres"]


def test_a_service_cannot_make_tables(postgres_engine: AnyPostgres, provisioned: Secrets) -> None:
    with (
        connect(postgres_engine, provisioned, "billing_app", "billing") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("CREATE TABLE mine (number int)")


def test_repeating_sets_new_passwords(postgres_engine: AnyPostgres, provisioned: Secrets) -> None:
    fresh = generate()
    provision_postgres(postgres_engine.dsn(), fresh.roles)
    try:
        connect(postgres_engine, fresh, "portal_app", "portal").close()
        with pytest.raises(psycopg.OperationalError, match="password"):
            connect(postgres_engine, provisioned, "portal_app", "portal")
    finally:
        provision_postgres(postgres_engine.dsn(), provisioned.roles)


class Bus:
    """A user's connection and what the server refused to it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.refusals: asyncio.Queue[str] = asyncio.Queue()

    async def refused(self) -> str:
        """Returns what the server refused; waits for it."""
        async with asyncio.timeout(10):
            return await self.refusals.get()


async def bus(engine: AnyNats, secrets: Secrets, user: str) -> Bus:
    client = Client()
    result = Bus(client)

    async def note(error: Exception) -> None:
        result.refusals.put_nowait(str(error))

    url = engine.url(user, secrets.nats[user])
    await client.connect(url, inbox_prefix=f"_INBOX_{user}".encode(), error_cb=note)
    return result


async def test_the_portal_hears_the_aggregate_feed_alone(nats_engine: AnyNats, provisioned: Secrets) -> None:
    portal = await bus(nats_engine, provisioned, "portal")
    for subject in (">", "tenancy.v1.>", "billing.v1.>", "usage.v1.>", "_INBOX_tracking.>", "$JS.>"):
        await portal.client.subscribe(subject)
        assert "permissions violation for subscription" in await portal.refused()
    for subject in ("usage.v1.x.202601", "tenancy.v1.company.created", "$JS.API.STREAM.DELETE.USAGE"):
        await portal.client.publish(subject, b"")
        assert "permissions violation for publish" in await portal.refused()
    await portal.client.close()


async def test_the_portal_consumes_and_replays_the_feed(nats_engine: AnyNats, provisioned: Secrets) -> None:
    tracking = await bus(nats_engine, provisioned, "tracking")
    for revision in (b"1", b"2"):
        await tracking.client.jetstream().publish("usage.v1.one.202601", revision)
    portal = await bus(nats_engine, provisioned, "portal")
    jetstream = portal.client.jetstream()
    durable = await jetstream.pull_subscribe_bind("portal", "USAGE")
    [message] = await durable.fetch(10, timeout=5)
    await message.ack_sync()
    assert message.data == b"2"
    replay = await jetstream.subscribe("usage.v1.>", stream="USAGE", ordered_consumer=True)
    assert (await replay.next_msg(timeout=5)).data == b"2"
    assert portal.refusals.empty()
    await portal.client.close()
    await tracking.client.close()


async def test_billing_consumes_the_feed_and_replays_nothing(nats_engine: AnyNats, provisioned: Secrets) -> None:
    tracking = await bus(nats_engine, provisioned, "tracking")
    await tracking.client.jetstream().publish("usage.v1.levels.202601", b"1")
    billing = await bus(nats_engine, provisioned, "billing")
    durable = await billing.client.jetstream().pull_subscribe_bind("billing", "USAGE")
    for message in await durable.fetch(10, timeout=5):
        await message.ack_sync()
    assert billing.refusals.empty()
    await billing.client.publish("$JS.API.CONSUMER.CREATE.USAGE", b"{}")
    assert "permissions violation for publish" in await billing.refused()
    await billing.client.close()
    await tracking.client.close()


@pytest.mark.parametrize(
    ("user", "own", "foreign"),
    [
        ("tenancy", "tenancy.v1.company.created", "billing.v1.subscription.started"),
        ("billing", "billing.v1.subscription.started", "tenancy.v1.company.created"),
        ("tracking", "usage.v1.one.202601", "tenancy.v1.company.created"),
    ],
)
async def test_a_service_publishes_its_own_subjects(
    nats_engine: AnyNats, provisioned: Secrets, user: str, own: str, foreign: str
) -> None:
    connection = await bus(nats_engine, provisioned, user)
    assert (await connection.client.jetstream().publish(own, b"")).seq > 0
    await connection.client.publish(foreign, b"")
    assert "permissions violation for publish" in await connection.refused()
    await connection.client.close()


async def test_repeating_keeps_messages_and_places(nats_engine: AnyNats, provisioned: Secrets) -> None:
    tenancy = await bus(nats_engine, provisioned, "tenancy")
    billing = await bus(nats_engine, provisioned, "billing")
    await tenancy.client.jetstream().publish("tenancy.v1.company.suspended", b"")
    consumer = await billing.client.jetstream().pull_subscribe_bind("billing", "TENANCY")
    for message in await consumer.fetch(10, timeout=5):
        await message.ack_sync()
    await provision_nats(nats_engine.url("operator", provisioned.nats["operator"]))
    assert (await consumer.consumer_info()).num_pending == 0
    await tenancy.client.close()
    await billing.client.close()


async def test_a_changed_setting_is_brought_back(nats_engine: AnyNats, provisioned: Secrets) -> None:
    url = nats_engine.url("operator", provisioned.nats["operator"])
    operator = await nats.connect(url, inbox_prefix=b"_INBOX_operator")
    jetstream = operator.jetstream()
    config = (await jetstream.stream_info("USAGE")).config
    await jetstream.update_stream(replace(config, max_msgs_per_subject=5))
    consumer = (await jetstream.consumer_info("TENANCY", "billing")).config
    await jetstream.add_consumer("TENANCY", replace(consumer, filter_subject="tenancy.v1.>", max_deliver=3))
    await provision_nats(url)
    assert (await jetstream.stream_info("USAGE")).config.max_msgs_per_subject == 1
    restored = (await jetstream.consumer_info("TENANCY", "billing")).config
    assert (restored.filter_subject, restored.max_deliver) == ("tenancy.v1.company.>", 20)
    await operator.close()
