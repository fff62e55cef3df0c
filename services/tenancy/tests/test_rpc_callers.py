"""Who may call what, over real mutual TLS."""

import grpc
import pytest
import trustme
from grpc_health.v1 import health_pb2, health_pb2_grpc

from contracts.tenancy.v1 import tenancy_pb2 as pb
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from servicekit.rpc_client import open_channel
from servicekit.settings import TlsSettings
from tenantry_ops.certificates import Certificates

OWNERS = {
    "CreateCompany": pb.CreateCompanyRequest(),
    "GetCompany": pb.GetCompanyRequest(),
    "SuspendCompany": pb.SuspendCompanyRequest(),
    "ReactivateCompany": pb.ReactivateCompanyRequest(),
    "RotateKey": pb.RotateKeyRequest(),
    "ListCompanyChanges": pb.ListCompanyChangesRequest(),
    "ListSyncTimes": pb.ListSyncTimesRequest(),
}
GATEWAYS = {
    "ListAccessChanges": pb.ListAccessChangesRequest(),
    "ReportSync": pb.ReportSyncRequest(),
}
REQUESTS = OWNERS | GATEWAYS
MAY = {"owner-portal": OWNERS, "operator": OWNERS, "tracking": GATEWAYS, "billing": {}, "tenancy": {}}


async def code(stub: TenancyServiceStub, method: str) -> grpc.StatusCode:
    try:
        await getattr(stub, method)(REQUESTS[method], timeout=5)
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def test_every_method_of_the_contract_is_tried() -> None:
    service = pb.DESCRIPTOR.services_by_name["TenancyService"]
    assert set(REQUESTS) == {method.name for method in service.methods}


@pytest.mark.parametrize("method", REQUESTS)
@pytest.mark.parametrize("caller", MAY)
async def test_each_service_may_call_its_own_methods_alone(stub, caller: str, method: str) -> None:
    answer = await code(stub(caller), method)
    if method in MAY[caller]:
        assert answer in {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT}
    else:
        assert answer is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize("method", REQUESTS)
async def test_nobody_gets_in_without_a_certificate(server: str, certificates: Certificates, method: str) -> None:
    credentials = grpc.ssl_channel_credentials(certificates.authority.read_bytes())
    async with grpc.aio.secure_channel(server, credentials) as channel:
        assert await code(TenancyServiceStub(channel), method) is grpc.StatusCode.UNAVAILABLE


async def test_nobody_gets_in_with_the_certificate_of_another_authority(
    server: str, certificates: Certificates, tmp_path
) -> None:
    leaf = trustme.CA().issue_cert("owner-portal", common_name="owner-portal")
    leaf.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    leaf.private_key_pem.write_to_path(tmp_path / "key.pem")
    forged = TlsSettings(tls_ca=certificates.authority, tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem")
    async with open_channel(server, forged, server_name="tenancy") as channel:
        assert await code(TenancyServiceStub(channel), "GetCompany") is grpc.StatusCode.UNAVAILABLE


async def test_nobody_gets_in_without_encryption(server: str) -> None:
    async with grpc.aio.insecure_channel(server) as channel:
        assert await code(TenancyServiceStub(channel), "GetCompany") is grpc.StatusCode.UNAVAILABLE


async def test_health_is_told_to_any_service(server: str, certificates: Certificates) -> None:
    billing = TlsSettings(
        tls_ca=certificates.authority, tls_cert=certificates.certificate("billing"), tls_key=certificates.key("billing")
    )
    async with open_channel(server, billing, server_name="tenancy") as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
