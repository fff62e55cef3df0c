"""Calling tenancy and billing with any certificate of the platform."""

from pathlib import Path

from contracts.billing.v1 import billing_pb2
from contracts.tenancy.v1 import tenancy_pb2
from servicekit.errors import AppError
from servicekit.rpc_client import call, open_channel
from servicekit.settings import TlsSettings
from tests.platform.running import Running

SERVICES = {
    "tenancy": tenancy_pb2.DESCRIPTOR.services_by_name["TenancyService"],
    "billing": billing_pb2.DESCRIPTOR.services_by_name["BillingService"],
}


def methods() -> set[str]:
    """Every method that a service offers to another, as service/Method."""
    return {f"{name}/{method.name}" for name, service in SERVICES.items() for method in service.methods}


async def outcome(running: Running, caller: str, method: str) -> type[AppError] | None:
    """What a service says to an empty request with `caller`'s certificate: None, or the kind of its refusal."""
    name, _, called = method.partition("/")
    certificates = running.platform.certificates
    tls = TlsSettings(
        tls_ca=certificates.authority,
        tls_cert=Path(certificates.certificate(caller)),
        tls_key=Path(certificates.key(caller)),
    )
    channel = open_channel(getattr(running.platform, name), tls, server_name=name)
    try:
        await call(channel.unary_unary(f"/{SERVICES[name].full_name}/{called}"), b"")
    except AppError as refusal:
        return type(refusal)
    finally:
        await channel.close(None)
    return None
