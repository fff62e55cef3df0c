"""A gRPC proxy between the portal and a service, which records every byte sent to the portal."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc

from tests.platform.running import Running

SAME = bytes  # passes messages on as bytes


class Recorder(grpc.GenericRpcHandler):
    """Forwards every call to the service and records responses and messages of refusals."""

    def __init__(self, upstream: grpc.aio.Channel) -> None:
        self._upstream = upstream
        self.heard: list[tuple[str, bytes]] = []

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """Returns a handler for any method."""
        method = str(details.method)

        async def pass_on(request: bytes, context: Any) -> bytes:
            call = self._upstream.unary_unary(method, request_serializer=SAME, response_deserializer=SAME)
            try:
                answer: bytes = await call(request, timeout=context.time_remaining())
            except grpc.aio.AioRpcError as error:
                self.heard.append((method, (error.details() or "").encode()))
                await context.abort(error.code(), error.details() or "")
            self.heard.append((method, answer))
            return answer

        return grpc.unary_unary_rpc_method_handler(pass_on, request_deserializer=SAME, response_serializer=SAME)


@asynccontextmanager
async def recorder(running: Running, service: str) -> AsyncIterator[tuple[Recorder, str]]:
    """Starts a recorder with the service's certificate, which calls with the portal's; yields it and its address."""
    certificates = running.platform.certificates
    authority = certificates.authority.read_bytes()

    def identity(name: str) -> tuple[bytes, bytes]:
        return certificates.key(name).read_bytes(), certificates.certificate(name).read_bytes()

    upstream = grpc.aio.secure_channel(
        getattr(running.platform, service),
        grpc.ssl_channel_credentials(authority, *identity("owner-portal")),
        options=[("grpc.ssl_target_name_override", service)],
    )
    made = Recorder(upstream)
    options = [("grpc.keepalive_permit_without_calls", 1), ("grpc.http2.min_ping_interval_without_data_ms", 5_000)]
    server = grpc.aio.server(handlers=[made], options=options)
    credentials = grpc.ssl_server_credentials([identity(service)], authority, require_client_auth=True)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        yield made, f"127.0.0.1:{port}"
    finally:
        await server.stop(1)
        await upstream.close(None)
