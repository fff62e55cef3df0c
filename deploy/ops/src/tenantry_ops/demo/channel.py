"""gRPC channels to services, over mutual TLS."""

import grpc

from tenantry_ops.certificates import Certificates
from tenantry_ops.topology import OPERATOR


def open_channel(address: str, certificates: Certificates, *, service: str, caller: str = OPERATOR) -> grpc.Channel:
    """Opens a channel to host:port with the certificate of `caller`; the server must be `service`."""
    credentials = grpc.ssl_channel_credentials(
        root_certificates=certificates.authority.read_bytes(),
        private_key=certificates.key(caller).read_bytes(),
        certificate_chain=certificates.certificate(caller).read_bytes(),
    )
    return grpc.secure_channel(address, credentials, [("grpc.ssl_target_name_override", service)])
