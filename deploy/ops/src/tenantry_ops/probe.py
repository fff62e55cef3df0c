"""Readiness probes of processes."""

import socket
import ssl

import httpx

from tenantry_ops.certificates import Certificates
from tenantry_ops.topology import OPERATOR

TIMEOUT_SECONDS = 2.0


def http_missing(address: str) -> str | None:
    """Requests /readyz; returns None if the process is ready, otherwise what is missing."""
    try:
        answer = httpx.get(f"http://{address}/readyz", timeout=TIMEOUT_SECONDS)
    except httpx.TransportError as error:
        return f"no answer ({type(error).__name__})"
    return None if answer.status_code == httpx.codes.OK else answer.text[:200]


def rpc_missing(address: str, certificates: Certificates) -> str | None:
    """Connects to a gRPC server as the operator; returns None if it accepts the certificate, otherwise the error."""
    host, _, port = address.rpartition(":")
    context = ssl.create_default_context(cafile=str(certificates.authority))
    context.load_cert_chain(certificates.certificate(OPERATOR), certificates.key(OPERATOR))
    context.set_alpn_protocols(["h2"])
    try:
        with (
            socket.create_connection((host, int(port)), timeout=TIMEOUT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return None
    except OSError as error:
        return f"no answer ({error})"
