"""Which service may call which method, over real mutual TLS, for every method of the contract."""

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import grpc
import pytest
import trustme
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc

from contracts.tenancy.v1 import tenancy_pb2 as pb
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from servicekit.rpc_client import open_channel
from servicekit.settings import TlsSettings
from services.tenancy.tests.conftest import Stub
from tenancy.actions.rpc import OwnerMessage
from tenancy.callers import CALLERS
from tenantry_ops.certificates import Certificates

SERVICE = pb.DESCRIPTOR.services_by_name["TenancyService"]
REQUESTS: Mapping[str, Message] = {method.name: GetMessageClass(method.input_type)() for method in SERVICE.methods}
GATEWAYS = {"ListAccessChanges", "ReportSync", "ReportKeyUse"}
OWNERS = set(REQUESTS) - GATEWAYS
MAY = {"owner-portal": OWNERS, "operator": OWNERS, "tracking": GATEWAYS, "billing": set(), "tenancy": set()}


async def code(stub: TenancyServiceStub, method: str) -> grpc.StatusCode:
    try:
        await getattr(stub, method)(REQUESTS[method], timeout=5)
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def test_every_method_has_a_rule() -> None:
    assert set(CALLERS) == {f"/{SERVICE.full_name}/{method}" for method in REQUESTS}


def test_every_request_with_an_action_may_be_repeated() -> None:
    def acts(request: Message) -> bool:
        return any(field.message_type == pb.Action.DESCRIPTOR for field in request.DESCRIPTOR.fields)

    assert {type(request) for request in REQUESTS.values() if acts(request)} == set(get_args(OwnerMessage))


@pytest.mark.parametrize("method", REQUESTS)
@pytest.mark.parametrize("caller", MAY)
async def test_each_service_may_call_its_own_methods_alone(stub: Stub, caller: str, method: str) -> None:
    answer = await code(stub(caller), method)
    if method in MAY[caller]:
        assert answer in {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT}
    else:
        assert answer is grpc.StatusCode.PERMISSION_DENIED


async def test_a_call_without_a_certificate_is_refused(server: str, certificates: Certificates) -> None:
    credentials = grpc.ssl_channel_credentials(certificates.authority.read_bytes())
    async with grpc.aio.secure_channel(server, credentials) as channel:
        for method in REQUESTS:
            assert await code(TenancyServiceStub(channel), method) is grpc.StatusCode.UNAVAILABLE


async def test_a_certificate_of_another_authority_is_refused(
    server: str, certificates: Certificates, tmp_path: Path
) -> None:
    leaf = trustme.CA().issue_cert("owner-portal", common_name="owner-portal")
    leaf.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    leaf.private_key_pem.write_to_path(tmp_path / "key.pem")
    forged = TlsSettings(tls_ca=certificates.authority, tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem")
    async with open_channel(server, forged, server_name="tenancy") as channel:
        for method in REQUESTS:
            assert await code(TenancyServiceStub(channel), method) is grpc.StatusCode.UNAVAILABLE


async def test_an_unencrypted_call_is_refused(server: str) -> None:
    async with grpc.aio.insecure_channel(server) as channel:
        for method in REQUESTS:
            assert await code(TenancyServiceStub(channel), method) is grpc.StatusCode.UNAVAILABLE


async def test_any_service_may_check_the_health(server: str, certificates: Certificates) -> None:
    billing = TlsSettings(
        tls_ca=certificates.authority, tls_cert=certificates.certificate("billing"), tls_key=certificates.key("billing")
    )
    async with open_channel(server, billing, server_name="tenancy") as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
