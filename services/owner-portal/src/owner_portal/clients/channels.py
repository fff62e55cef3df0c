"""gRPC channels to tenancy and billing: failures name the service, and every call may be repeated."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc

from contracts.billing.v1 import audit_pb2, billing_pb2, invoices_pb2, plans_pb2, revenue_pb2, subscriptions_pb2
from contracts.tenancy.v1 import tenancy_pb2
from servicekit.errors import Unavailable
from servicekit.rpc_client import DEADLINE_SECONDS, call, open_channel
from servicekit.settings import TlsSettings


class Channel:
    """A connection to one service; one per process."""

    def __init__(self, address: str, tls: TlsSettings, *, service: str, files: tuple[Any, ...]) -> None:
        """`address`: host:port; `files`: descriptors of the contracts that are called.

        Every method of theirs may be repeated while the service is away for a moment: what changes something carries
        a key under which a repetition has no second effect.
        """
        methods = [
            f"{found.full_name}/{method.name}"
            for file in files
            for found in file.services_by_name.values()
            for method in found.methods
        ]
        self.grpc: grpc.aio.Channel = open_channel(address, tls, server_name=service, idempotent=methods)
        self._name = service.capitalize()

    async def ask(self, method: Any, request: Any, *, deadline: float = DEADLINE_SECONDS) -> Any:
        """The response to a request within `deadline` seconds; Unavailable names the service."""
        with named(self._name):
            return await call(method, request, deadline=deadline)

    async def close(self) -> None:
        """Ends the connection."""
        await self.grpc.close(None)


_TENANCY = (tenancy_pb2,)
_BILLING = (billing_pb2, audit_pb2, invoices_pb2, plans_pb2, revenue_pb2, subscriptions_pb2)


def tenancy_channel(address: str, tls: TlsSettings) -> Channel:
    """`address`: host:port."""
    return Channel(address, tls, service="tenancy", files=tuple(file.DESCRIPTOR for file in _TENANCY))


def billing_channel(address: str, tls: TlsSettings) -> Channel:
    """`address`: host:port."""
    return Channel(address, tls, service="billing", files=tuple(file.DESCRIPTOR for file in _BILLING))


@contextmanager
def named(service: str) -> Iterator[None]:
    """Raises Unavailable with the name of the service."""
    try:
        yield
    except Unavailable as error:
        message = f"{service} does not respond at the moment. Try again shortly."
        raise Unavailable(message, retry_after=error.retry_after) from error
