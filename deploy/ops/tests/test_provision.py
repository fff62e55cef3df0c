"""The permissions of each service: roles, rights and streams."""

import asyncio
import json
from dataclasses import replace

import nats
import psycopg
import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext

from tenantry_ops.provision import provision_nats, provision_postgres
from tenantry_ops.secrets import Secrets, generate
from tenantry_ops.topology import DATABASES, NATS_USERS
from testkit.engines import AnyNats, AnyPostgres


def connect(engine: AnyPostgres, secrets: Secrets, role: str, database: str) -> psycopg.Connection:
    return psycopg.connect(engine.dsn(database), user=role, password=secrets.roles[role])


@pytest.mark.parametrize("role", [role.name for database in DATABASES.values() for role in database.roles])
def test_a_role_can_connect_only_to_its_own_database(
    postgres_engine: AnyPostgres, provisioned: Secrets, role: str
) -> None:
    for name in (*DATABASES, "postgres", "template1"):
        if name == role.partition("_")[0]:
            connect(postgres_engine, provisioned, role, name).close()
        else:
            with pytest.raises(psycopg.OperationalError, match="CONNECT"):
                connect(postgres_engine, provisioned, role, name)


def test_only_the_ingest_writer_bypasses_row_security(postgres_engine: AnyPostgres, provisioned: Secrets) -> None:
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
    """A user's connection and the server's refusals."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.refusals: asyncio.Queue[str] = asyncio.Queue()

    @property
    def stream(self) -> JetStreamContext:
        """JetStream as a service reaches it from its own account."""
        return self.client.jetstream(prefix="streams")

    async def refused(self) -> str:
        """Waits for the server's refusals and returns them."""
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


async def test_the_portal_receives_only_the_aggregate_feed(nats_engine: AnyNats, provisioned: Secrets) -> None:
    portal = await bus(nats_engine, provisioned, "portal")
    for subject in (">", "tenancy.v1.>", "billing.v1.>", "usage.v1.>", "_INBOX_tracking.>", "$JS.>"):
        await portal.client.subscribe(subject)
        assert "permissions violation for subscription" in await portal.refused()
    for subject in ("usage.v1.x.202601", "tenancy.v1.company.created", "$JS.API.STREAM.DELETE.USAGE"):
        await portal.client.publish(subject, b"")
        assert "permissions violation for publish" in await portal.refused()
    await portal.client.close()


async def test_the_portal_consumes_and_reads_the_feed(nats_engine: AnyNats, provisioned: Secrets) -> None:
    tracking = await bus(nats_engine, provisioned, "tracking")
    for revision in (b"1", b"2"):
        await tracking.stream.publish("usage.v1.one.202601", revision)
    portal = await bus(nats_engine, provisioned, "portal")
    durable = await portal.stream.pull_subscribe_bind("portal", "USAGE")
    [message] = await durable.fetch(10, timeout=5)
    await message.ack_sync()
    assert message.data == b"2"
    request = json.dumps({"seq": 1, "next_by_subj": "usage.v1.>", "batch": 10}).encode()
    replayed = await portal.client.request("streams.DIRECT.GET.USAGE", request, timeout=5)
    assert replayed.data == b"2"
    assert portal.refusals.empty()
    await portal.client.close()
    await tracking.client.close()


async def test_billing_consumes_the_feed(nats_engine: AnyNats, provisioned: Secrets) -> None:
    tracking = await bus(nats_engine, provisioned, "tracking")
    await tracking.stream.publish("usage.v1.levels.202601", b"1")
    billing = await bus(nats_engine, provisioned, "billing")
    durable = await billing.stream.pull_subscribe_bind("billing", "USAGE")
    for message in await durable.fetch(10, timeout=5):
        await message.ack_sync()
    assert billing.refusals.empty()
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
    assert (await connection.stream.publish(own, b"")).seq > 0
    await connection.client.publish(foreign, b"")
    assert "permissions violation for publish" in await connection.refused()
    await connection.client.close()


SERVICE_USERS = [user for user in NATS_USERS if user != "operator"]
# What a service may ask of JetStream, under either name; everything else of the list below is refused.
ALLOWED = {
    "tenancy": {"STREAM.MSG.GET.TENANCY"},
    "billing": {
        "STREAM.MSG.GET.BILLING",
        "CONSUMER.INFO.TENANCY.billing",
        "CONSUMER.INFO.USAGE.billing",
        "CONSUMER.MSG.NEXT.TENANCY.billing",
        "CONSUMER.MSG.NEXT.USAGE.billing",
    },
    "tracking": {"STREAM.MSG.GET.USAGE"},
    "gateway": set[str](),
    "workspace": set[str](),
    "portal": {"CONSUMER.INFO.USAGE.portal", "CONSUMER.MSG.NEXT.USAGE.portal", "DIRECT.GET.USAGE"},
}
REQUESTS = [
    "INFO",
    "STREAM.NAMES",
    "STREAM.LIST",
    "CONSUMER.INFO.TENANCY.billing",
    "CONSUMER.INFO.USAGE.billing",
    "CONSUMER.INFO.USAGE.portal",
    "CONSUMER.MSG.NEXT.TENANCY.billing",
    "CONSUMER.MSG.NEXT.USAGE.billing",
    "CONSUMER.MSG.NEXT.USAGE.portal",
    *(
        f"{request}.{stream}"
        for stream in ("TENANCY", "BILLING", "USAGE")
        for request in (
            *("STREAM.CREATE", "STREAM.UPDATE", "STREAM.DELETE", "STREAM.PURGE", "STREAM.INFO", "STREAM.MSG.GET"),
            *("STREAM.MSG.DELETE", "STREAM.SNAPSHOT", "STREAM.RESTORE", "STREAM.LEADER.STEPDOWN", "DIRECT.GET"),
            *("CONSUMER.CREATE", "CONSUMER.NAMES", "CONSUMER.LIST"),
        )
    ),
    *(
        f"{request}.{stream}.{name}"
        for stream in ("TENANCY", "BILLING", "USAGE")
        for name in ("billing", "portal", "own")
        for request in ("CONSUMER.CREATE", "CONSUMER.DURABLE.CREATE", "CONSUMER.DELETE", "CONSUMER.PAUSE")
    ),
    "CONSUMER.CREATE.USAGE.own.usage.v1.>",
    "DIRECT.GET.USAGE.usage.v1.one.202601",
    "SERVER.REMOVE",
    "ACCOUNT.PURGE.STREAMS",
]
ACKNOWLEDGED = {"billing": {"TENANCY.billing", "USAGE.billing"}, "portal": {"USAGE.portal"}}
PUBLISHED = {"tenancy": "tenancy.v1.", "billing": "billing.v1.", "tracking": "usage.v1."}


@pytest.mark.parametrize("user", SERVICE_USERS)
async def test_a_service_may_send_no_other_request(nats_engine: AnyNats, provisioned: Secrets, user: str) -> None:
    """Sends an empty request to each subject; the broker refuses in the order of the attempts."""
    tries = {
        **{f"$JS.API.{request}": False for request in REQUESTS},
        **{f"streams.{request}": request in ALLOWED[user] for request in REQUESTS},
        **{
            f"$JS.ACK.{place}.1.1.1.1.0": place in ACKNOWLEDGED.get(user, set())
            for place in ("TENANCY.billing", "USAGE.billing", "USAGE.portal")
        },
        **{
            f"{prefix}probe": PUBLISHED.get(user) == prefix
            for prefix in ("tenancy.v1.", "billing.v1.", "usage.v1.", "other.v1.")
        },
        "$SYS.REQ.SERVER.PING": False,
        "$SYS.REQ.ACCOUNT.STREAMS.CONNZ": False,
        "_INBOX_tenancy.x": False,
        "_INBOX_operator.x": False,
    }
    assert ALLOWED[user] <= set(REQUESTS)
    connection = await bus(nats_engine, provisioned, user)
    for subject in tries:
        await connection.client.publish(subject, b"")
    await connection.client.publish("last.of.all", b"")
    refused: list[str] = []
    while not refused or "last.of.all" not in refused[-1]:
        refused.append((await connection.refused()).lower())
    wrong = [
        subject
        for subject, allowed in tries.items()
        if any(f'"{subject.lower()}"' in refusal for refusal in refused) == allowed
    ]
    assert wrong == []
    await connection.client.close()


@pytest.mark.parametrize("user", SERVICE_USERS)
async def test_a_service_receives_nothing_else(nats_engine: AnyNats, provisioned: Secrets, user: str) -> None:
    heard = {"tenancy.v1.>", "billing.v1.>"} if user in {"tracking", "gateway", "workspace"} else set[str]()
    connection = await bus(nats_engine, provisioned, user)
    for subject in (">", "tenancy.v1.>", "billing.v1.>", "usage.v1.>", "$JS.>", "$SYS.>", "_INBOX_operator.>"):
        await connection.client.subscribe(subject)
        if subject not in heard:
            assert "permissions violation for subscription" in await connection.refused()
    assert connection.refusals.empty()
    await connection.client.close()


@pytest.mark.parametrize(
    ("user", "request_subject"),
    [
        ("portal", "streams.CONSUMER.INFO.USAGE.portal"),
        ("billing", "streams.CONSUMER.INFO.TENANCY.billing"),
        ("tenancy", "streams.STREAM.MSG.GET.TENANCY"),
        ("tracking", "streams.STREAM.MSG.GET.USAGE"),
    ],
)
async def test_a_reply_is_not_stored_in_another_services_stream(
    nats_engine: AnyNats, provisioned: Secrets, user: str, request_subject: str
) -> None:
    """JetStream answers to any subject the request names: within one account that would be a forged message."""
    operator = await nats.connect(
        nats_engine.url("operator", provisioned.nats["operator"]), inbox_prefix=b"_INBOX_operator"
    )
    connection = await bus(nats_engine, provisioned, user)
    foreign = {
        stream: subject
        for stream, subject in (("TENANCY", "tenancy.v1"), ("BILLING", "billing.v1"), ("USAGE", "usage.v1"))
        if not subject.startswith(PUBLISHED.get(user, "nothing."))
    }
    before = {stream: (await operator.jetstream().stream_info(stream)).state.last_seq for stream in foreign}
    for subject in foreign.values():
        await connection.client.publish(request_subject, b"{}", reply=f"{subject}.forged")
    # The broker takes one connection's requests in order: the answer to this one comes after the others'.
    await connection.client.request(request_subject, b"{}", timeout=5)
    after = {stream: (await operator.jetstream().stream_info(stream)).state.last_seq for stream in foreign}
    assert after == before
    await connection.client.close()
    await operator.close()


async def test_gateways_receive_events_of_tenancy_and_billing(nats_engine: AnyNats, provisioned: Secrets) -> None:
    gateway = await bus(nats_engine, provisioned, "gateway")
    for user in ("tenancy", "billing"):
        heard = await gateway.client.subscribe(f"{user}.v1.>")
        await gateway.client.flush()
        publisher = await bus(nats_engine, provisioned, user)
        await publisher.stream.publish(f"{user}.v1.company.changed", b"news")
        assert (await heard.next_msg(timeout=5)).data == b"news"
        await publisher.client.close()
    assert gateway.refusals.empty()
    await gateway.client.close()


async def test_repeating_keeps_messages_and_positions(nats_engine: AnyNats, provisioned: Secrets) -> None:
    tenancy = await bus(nats_engine, provisioned, "tenancy")
    billing = await bus(nats_engine, provisioned, "billing")
    await tenancy.stream.publish("tenancy.v1.company.suspended", b"")
    consumer = await billing.stream.pull_subscribe_bind("billing", "TENANCY")
    for message in await consumer.fetch(10, timeout=5):
        await message.ack_sync()
    await provision_nats(nats_engine.url("operator", provisioned.nats["operator"]))
    assert (await consumer.consumer_info()).num_pending == 0
    await tenancy.client.close()
    await billing.client.close()


async def test_a_changed_setting_is_restored(nats_engine: AnyNats, provisioned: Secrets) -> None:
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
