"""Desktop protocol calls about the device: configuration, policy and heartbeat."""

from typing import Protocol

from servicekit.errors import NotAuthenticated
from tracking.devices.messages import tracker_config
from tracking.devices.store.devices import Device
from tracking.devices.use_cases.authenticate import Authenticator
from tracking.devices.use_cases.key_use import KeyUses
from tracking.protocols.calls import Call
from tracking.protocols.desktop import Reply


class DeviceGateway(Protocol):
    """What it takes to identify the device of a call."""

    @property
    def authenticator(self) -> Authenticator: ...

    @property
    def key_uses(self) -> KeyUses: ...


async def call_config(gateway: DeviceGateway, call: Call) -> Reply:
    """The configuration, in the form that this tracker reads."""
    device = await device_in_header(gateway, call)
    return Reply(200, {"status": True, "config": tracker_config(call.company.policy, device.logged_in_at)})


async def call_policy(gateway: DeviceGateway, call: Call) -> Reply:
    """The same for agents of other builds, which detect changes by the time of the latest one."""
    device = await device_in_header(gateway, call)
    policy = tracker_config(call.company.policy, device.logged_in_at)
    updated_at = policy.pop("updated_at")
    return Reply(200, {"status": True, "success": True, "policy": policy, "policy_updated_at": updated_at})


async def call_heartbeat(gateway: DeviceGateway, call: Call) -> Reply:
    """Confirms that the agent is connected and its company may track; a company that may not is refused earlier."""
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


SIGN_IN_AGAIN = "Your sign-in is no longer valid; sign in again"


async def device_of(gateway: DeviceGateway, call: Call, token: object) -> Device:
    """The device that holds the token. NotAuthenticated: no device of the company does."""
    device = await gateway.authenticator.device(call.company.company_id, token) if isinstance(token, str) else None
    if device is None:
        raise NotAuthenticated(SIGN_IN_AGAIN)
    gateway.key_uses.note(call.key, device.device_id, call.received_at)
    return device


async def device_in_header(gateway: DeviceGateway, call: Call) -> Device:
    """The device named by the header `Authorization: Token …`. NotAuthenticated: no device of the company."""
    scheme, _, token = call.authorization.partition(" ")
    return await device_of(gateway, call, token.strip() if scheme == "Token" else None)
