"""Calls to tenancy and billing with any certificate of the platform."""

from pathlib import Path

from contracts.billing.v1 import audit_pb2, billing_pb2, invoices_pb2, plans_pb2, revenue_pb2, subscriptions_pb2
from contracts.tenancy.v1 import tenancy_pb2
from servicekit.errors import AppError
from servicekit.rpc_client import call, open_channel
from servicekit.settings import TlsSettings
from tests.platform.running import Running

FILES = {
    "tenancy": (tenancy_pb2,),
    "billing": (audit_pb2, billing_pb2, invoices_pb2, plans_pb2, revenue_pb2, subscriptions_pb2),
}
METHODS = {
    f"{name}/{method.name}": f"/{service.full_name}/{method.name}"
    for name, files in FILES.items()
    for file in files
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


def methods() -> set[str]:
    """Returns every method that a service offers to another, as service/Method."""
    return set(METHODS)


async def outcome(running: Running, caller: str, method: str) -> type[AppError] | None:
    """Sends an empty request with `caller`'s certificate; returns None, or the kind of the refusal."""
    name = method.partition("/")[0]
    certificates = running.platform.certificates
    tls = TlsSettings(
        tls_ca=certificates.authority,
        tls_cert=Path(certificates.certificate(caller)),
        tls_key=Path(certificates.key(caller)),
    )
    channel = open_channel(getattr(running.platform, name), tls, server_name=name)
    try:
        await call(channel.unary_unary(METHODS[method], None, None), b"")
    except AppError as refusal:
        return type(refusal)
    finally:
        await channel.close(None)
    return None
