"""Which service may call which method. A method without a rule fails here."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pkgutil import iter_modules

import grpc
import pytest
import trustme
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass

import contracts.billing.v1 as contract
from billing.callers import CALLERS
from servicekit.errors import AppError, Forbidden
from servicekit.rpc_client import call
from testkit.world import World

ChannelAs = Callable[[str], grpc.aio.Channel]


def methods_of_the_contracts() -> Mapping[str, MethodDescriptor]:
    """Every method of the contract by its full name."""
    modules = [import_module(f"{contract.__name__}.{each.name}") for each in iter_modules(contract.__path__)]
    files = [module.DESCRIPTOR for module in modules if hasattr(module, "DESCRIPTOR")]
    services = [service for file in files for service in file.services_by_name.values()]
    return {f"/{service.full_name}/{method.name}": method for service in services for method in service.methods}


METHODS = methods_of_the_contracts()
FOR_GATEWAYS = {"/contracts.billing.v1.BillingService/ListEntitlementChanges"}
ALLOWED = {
    "owner-portal": set(METHODS) - FOR_GATEWAYS,
    "tracking": FOR_GATEWAYS,
    "tenancy": set(),
    "billing": set(),
    "operator": set(METHODS),
}


async def invoke(channel: grpc.aio.Channel, name: str) -> None:
    """Sends an empty request."""
    request, response = (GetMessageClass(kind) for kind in (METHODS[name].input_type, METHODS[name].output_type))
    method = channel.unary_unary(
        name, request_serializer=request.SerializeToString, response_deserializer=response.FromString
    )
    await call(method, request())


def test_every_method_has_a_rule_and_no_rule_is_left_over() -> None:
    assert len(METHODS) == 25
    assert set(CALLERS) == set(METHODS)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("caller", ALLOWED)
async def test_each_caller_may_call_what_it_is_allowed_and_no_more(
    channel_as: ChannelAs, caller: str, name: str
) -> None:
    refused: AppError | None = None
    try:
        await invoke(channel_as(caller), name)
    except AppError as error:  # an empty request may be invalid, but it was not refused as forbidden
        refused = error
    assert isinstance(refused, Forbidden) == (name not in ALLOWED[caller])
    if isinstance(refused, Forbidden):
        assert refused.message == f"{caller} may not call {name}"


@pytest.mark.parametrize("caller", ["no certificate", "a stranger's certificate", "no TLS"])
async def test_only_certificates_of_the_platform_are_accepted(world: World, billing_address: str, caller: str) -> None:
    authority = world.platform.certificates.authority.read_bytes()
    stranger = trustme.CA().issue_cert("operator", common_name="operator")
    own = (stranger.private_key_pem.bytes(), stranger.cert_chain_pems[0].bytes())
    credentials = grpc.ssl_channel_credentials(authority, *(own if caller.startswith("a ") else ()))
    options = [("grpc.ssl_target_name_override", "billing")]
    channel = (
        grpc.aio.insecure_channel(billing_address)
        if caller == "no TLS"
        else grpc.aio.secure_channel(billing_address, credentials, options=options)
    )
    async with channel:
        for name in METHODS:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await channel.unary_unary(name, None, None)(b"", timeout=5)
            assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
