"""Calls that carry the token in a header: how to track, and a sign of life."""

from tracking.devices.messages import tracker_config
from tracking.gateway.api.desktop_context import Call, Gateway, device_in_header
from tracking.protocols.desktop import Reply


async def call_config(gateway: Gateway, call: Call) -> Reply:
    """How to track, as this tracker reads it."""
    device = await device_in_header(gateway, call)
    return Reply(200, {"status": True, "config": tracker_config(call.company.policy, device.logged_in_at)})


async def call_policy(gateway: Gateway, call: Call) -> Reply:
    """The same for agents of other builds, which tell changes by the time of the latest."""
    device = await device_in_header(gateway, call)
    policy = tracker_config(call.company.policy, device.logged_in_at)
    updated_at = policy.pop("updated_at")
    return Reply(200, {"status": True, "success": True, "policy": policy, "policy_updated_at": updated_at})


async def call_heartbeat(gateway: Gateway, call: Call) -> Reply:
    """That the agent is alive, and that its company may work: one that may not never gets here."""
    await device_in_header(gateway, call)
    return Reply(
        200,
        {
            "status": "ok",
            "server_time": call.received_at.isoformat(),
            "company_status": "ACTIVE",
            "message": "The company may track",
        },
    )
