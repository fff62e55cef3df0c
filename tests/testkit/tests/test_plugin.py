"""Tests of the fixtures, without services."""

import nats
import psycopg
import pytest

from tenantry_ops.provision import create_database
from tenantry_ops.secrets import Secrets
from tenantry_ops.topology import DATABASES
from testkit.engines import AnyNats, AnyPostgres
from testkit.world import World


async def test_streams_and_consumers_are_there(nats_engine: AnyNats, provisioned: Secrets) -> None:
    url = nats_engine.url("operator", provisioned.nats["operator"])
    connection = await nats.connect(url, inbox_prefix=b"_INBOX_operator")
    jetstream = connection.jetstream()
    assert sorted(str(info.config.name) for info in await jetstream.streams_info()) == ["BILLING", "TENANCY", "USAGE"]
    assert (await jetstream.consumer_info("TENANCY", "billing")).config.max_deliver == 20
    await connection.close()


def test_a_copy_of_a_database_has_the_same_rights(postgres_engine: AnyPostgres, provisioned: Secrets) -> None:
    create_database(postgres_engine.dsn(), DATABASES["billing"], "billing_copy", template="billing")
    password = provisioned.roles["billing_app"]
    with psycopg.connect(postgres_engine.dsn("billing_copy"), user="billing_app", password=password) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("billing_app",)
    with pytest.raises(psycopg.OperationalError, match="CONNECT"):
        psycopg.connect(
            postgres_engine.dsn("billing_copy"), user="tenancy_app", password=provisioned.roles["tenancy_app"]
        )


def test_services_of_one_module_find_each_other(world: World) -> None:
    platform = world.platform
    assert len({platform.tenancy, platform.billing, platform.gateway, platform.workspace, platform.portal}) == 5
