"""After a rotation with a grace period both keys work, and the owner sees how many devices use the old one."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tenancy.v1 import keys_pb2, tenancy_pb2
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from servicekit.ids import new_id
from servicekit.rpc_client import call
from services.tracking.tests.fixtures.gateway import NewTracker
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, Tenant
from tracker_client import TrackerClient
from tracking.access.worker import AccessSync
from tracking.db.store.scope import companies_scope, company_scope
from tracking.devices.store import devices, key_use
from tracking.gateway.api.context import Gateway

OWNER = tenancy_pb2.Action(actor="owner@tenantry.example", reason="a test")


async def _devices_by_hint(tenancy: TenancyServiceStub, tenant: Tenant) -> dict[str, int]:
    answer = await call(tenancy.ListKeys, keys_pb2.ListKeysRequest(company_id=str(tenant.company_id)))
    return {key.hint: key.devices for key in answer.keys}


async def test_devices_are_counted_by_the_key_they_use(
    new_tenant: NewTenant, tenancy: TenancyServiceStub, sync: AccessSync, tracker: NewTracker, gateway: Gateway
) -> None:
    tenant = await new_tenant(people=2)
    old, accounts = tracker(tenant.key), []
    for email in tenant.people:
        login = await old.login(email, tenant.password)
        accounts.append(login.fields["data"])
        await _poll(old, accounts[-1])
    request = tenancy_pb2.RotateKeyRequest(action=OWNER, company_id=str(tenant.company_id), grace_seconds=3600)
    new_key = (await call(tenancy.RotateKey, request)).key
    await sync.refresh()
    await _poll(tracker(new_key), accounts[0])
    await _poll(old, accounts[1])
    await gateway.key_uses.report()
    assert await _devices_by_hint(tenancy, tenant) == {new_key[-4:]: 1, tenant.key[-4:]: 1}
    await _poll(tracker(new_key), accounts[1])
    await gateway.key_uses.report()
    assert await _devices_by_hint(tenancy, tenant) == {new_key[-4:]: 2, tenant.key[-4:]: 0}


async def test_gateways_that_heard_the_same_devices_do_not_lock_each_other_out(
    new_tenant: NewTenant, engine: AsyncEngine, stored: ReadRows, heartbeat: AsyncEngine
) -> None:
    tenant, now = await new_tenant(), datetime.now(UTC)
    (employee_id, *_) = [row["employee_id"] for row in await stored("employee", tenant.company_id)]
    heard = [new_id() for _ in range(400)]
    async with company_scope(engine, tenant.company_id) as tx:
        for device in heard:
            await devices.insert(
                tx,
                tenant.company_id,
                device_id=device,
                employee_id=employee_id,
                token_digest=device.bytes,
                logged_in_at=now,
            )

    async def saw(order: Iterable[UUID], at: datetime) -> None:
        async with companies_scope(heartbeat, [tenant.company_id]) as tx:
            await key_use.saw_devices(tx, [(tenant.company_id, device, b"digest", at) for device in order])

    for second in range(0, 20, 2):
        at = now + timedelta(seconds=second)
        await asyncio.gather(saw(heard, at), saw(reversed(heard), at + timedelta(seconds=1)))


async def _poll(client: TrackerClient, account: Mapping[str, Any]) -> None:
    body = {"session_id": 1, "employee_id": account["id"], "active_token": account["active_token"]}
    assert (await client.post("check-session-active", body)).code == 200
