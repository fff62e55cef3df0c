"""A gRPC client with mutual TLS, a deadline on every call, and the errors of `servicekit.errors`."""

import json
from collections.abc import Iterable
from typing import Any, cast

import grpc

from servicekit.rpc_channel import RenewingChannel
from servicekit.rpc_status import decode_error
from servicekit.settings import TlsSettings
from servicekit.telemetry import traceparent
from servicekit.tls_files import TlsFiles

DEADLINE_SECONDS = 3.0


def open_channel(
    address: str, tls: TlsSettings, *, server_name: str, idempotent: Iterable[str] = ()
) -> grpc.aio.Channel:
    """Opens a channel to `server_name` at host:port. Renewed certificates are used for the calls that follow.

    `idempotent` lists methods (`package.Service/Method`) that may be repeated while the server is unavailable, or ends
    before it has read the call: at most four attempts, throttled when most of them fail.
    """
    names = [dict(zip(("service", "method"), method.split("/"), strict=True)) for method in idempotent]
    retries = {"maxAttempts": 4, "initialBackoff": "0.05s", "maxBackoff": "1s", "backoffMultiplier": 2}
    policy = retries | {"retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"]}
    config = {
        "methodConfig": [{"name": names, "retryPolicy": policy}] if names else [],
        "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
    }
    options = [
        ("grpc.ssl_target_name_override", server_name),
        ("grpc.service_config", json.dumps(config)),
        ("grpc.keepalive_time_ms", 10_000),  # not shorter than the server permits
        ("grpc.keepalive_timeout_ms", 5_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.max_reconnect_backoff_ms", 1_000),
        ("grpc.max_receive_message_length", 16 << 20),
    ]
    files = TlsFiles(tls)

    def open_() -> grpc.aio.Channel:
        own = files.identity
        credentials = grpc.ssl_channel_credentials(own.authorities, own.key, own.certificate)
        return grpc.aio.secure_channel(address, credentials, options=options)

    # It is what stubs take for a channel; the library's own class would demand streaming methods as well.
    return cast("grpc.aio.Channel", RenewingChannel(open_, lambda: files.renewed() is not None))


async def call(method: Any, request: Any, *, deadline: float = DEADLINE_SECONDS) -> Any:
    """Calls a stub's method within `deadline` seconds. Raises the error that the service raised, or Unavailable."""
    trace = traceparent()
    metadata = (("traceparent", trace),) if trace else ()
    try:
        return await method(request, timeout=deadline, metadata=metadata)
    except grpc.aio.AioRpcError as error:
        raise decode_error(error) from error
