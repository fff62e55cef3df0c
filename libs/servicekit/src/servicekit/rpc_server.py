"""A gRPC server with mutual TLS, permitted callers for each method, one mapping of errors, and health checks."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from servicekit.database import CONNECTION_ERRORS
from servicekit.errors import AppError, Forbidden, NotAuthenticated
from servicekit.lifecycle import until_draining
from servicekit.rpc_status import DETAILS_KEY, encode_details, status_code
from servicekit.settings import ListenAddress, TlsSettings
from servicekit.telemetry import span
from servicekit.tls_files import Identity, TlsFiles

log = structlog.get_logger()

Callers = Mapping[str, frozenset[str]]
"""Full method name (`/package.Service/Method`) to the identities that may call it. Other methods are refused."""

HEALTH_CHECK = "/grpc.health.v1.Health/Check"
# Shorter than a client's deadline: a call that arrives with the end is cancelled in time to be repeated elsewhere.
STOP_GRACE_SECONDS = 1.0
MAX_MESSAGE_BYTES = 2 * 1024 * 1024  # the largest request, a report of 10,000 key uses, has 1.6 MB
_OPTIONS = [
    ("grpc.so_reuseport", 0),  # otherwise a second server on the port would silently receive half of the calls
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
]

_Handler = Any  # the stubs lack these types for the asynchronous API
_Context = Any


_caller: ContextVar[str] = ContextVar("caller", default="")


def caller() -> str:
    """Returns the calling service by its certificate; empty outside of a call."""
    return _caller.get()


class _Guard(grpc.aio.ServerInterceptor):
    """Authorises, traces and translates errors for every unary call."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers

    async def intercept_service(
        self, continuation: Callable[[grpc.HandlerCallDetails], Awaitable[_Handler]], details: grpc.HandlerCallDetails
    ) -> _Handler:
        handler = await continuation(details)
        method = str(details.method)
        if handler is None or method == HEALTH_CHECK:
            return handler
        behaviour = handler.unary_unary
        if behaviour is None:  # a streaming method, which no contract has, would not be guarded
            return None
        metadata = {str(key): str(value) for key, value in details.invocation_metadata}

        async def guarded(request: Any, context: _Context) -> Any:
            with span(method, metadata):
                try:
                    self._authorise(method, context)
                    return await behaviour(request, context)
                except AppError as error:
                    details = ((DETAILS_KEY, encode_details(error)),)
                    await context.abort(status_code(error), error.message, details)
                except (grpc.aio.AbortError, asyncio.CancelledError):
                    raise
                except CONNECTION_ERRORS as error:
                    log.warning("database does not answer", method=method, error=repr(error))
                    await context.abort(grpc.StatusCode.UNAVAILABLE, "the database does not answer; try again")
                except Exception:
                    log.exception("call failed", method=method)
                    await context.abort(grpc.StatusCode.INTERNAL, "internal error; it has been logged")

        return grpc.unary_unary_rpc_method_handler(guarded, handler.request_deserializer, handler.response_serializer)

    def _authorise(self, method: str, context: _Context) -> None:
        names = context.auth_context().get("x509_common_name", [])
        caller = names[0].decode() if names else ""
        if not caller:
            raise NotAuthenticated("a client certificate of the platform is required")
        if caller not in self._callers.get(method, frozenset()):
            raise Forbidden(f"{caller} may not call {method}")
        _caller.set(caller)  # each call runs in its own task, and therefore in its own context


def _credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """Asks for the identity at each handshake, so that a renewed certificate is used for the next connection."""

    def configuration(own: Identity) -> grpc.ServerCertificateConfiguration:
        return grpc.ssl_server_certificate_configuration([(own.key, own.certificate)], own.authorities)

    def renewed() -> grpc.ServerCertificateConfiguration | None:
        own = files.renewed()
        return configuration(own) if own else None

    return grpc.dynamic_ssl_server_credentials(
        configuration(files.identity),
        renewed,  # type: ignore[arg-type] # None means no change, which the stubs leave out
        require_client_authentication=True,
    )


async def _leave(healthy: health.aio.HealthServicer) -> None:
    """Tells whoever asks for the health that this process drains."""
    await until_draining()
    await healthy.enter_graceful_shutdown()


async def serve(
    listen: ListenAddress, tls: TlsSettings, callers: Callers, add_services: Callable[[grpc.aio.Server], None]
) -> None:
    """Serves until cancelled, then waits for running calls. Raises an error if the address is taken."""
    server = grpc.aio.server(interceptors=[_Guard(callers)], options=_OPTIONS)
    add_services(server)
    healthy = health.aio.HealthServicer()
    await healthy.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    server.add_secure_port(listen, _credentials(TlsFiles(tls)))
    await server.start()
    log.info("serving gRPC", listen=listen)
    leaving = asyncio.create_task(_leave(healthy))
    try:
        await server.wait_for_termination()
    finally:
        leaving.cancel()
        await healthy.enter_graceful_shutdown()
        await server.stop(STOP_GRACE_SECONDS)
