"""gRPC: who may call what, errors that keep their kind on the way, and no way in for a stream."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from sqlalchemy.exc import OperationalError

from servicekit import errors, rpc_server, rpc_status
from servicekit.rpc_client import call, open_channel
from servicekit.settings import TlsSettings
from tenantry_ops.ports import LOOPBACK, free_port

SERVICE = "scratch.v1.Scratch"
CALLERS = {f"/{SERVICE}/{method}": frozenset({"tracking"}) for method in ("Echo", "Stream")}
FAILURES: dict[bytes, Callable[[], Exception]] = {
    kind.__name__.encode(): lambda kind=kind: kind("because of that") for kind in rpc_status.STATUS
} | {
    b"database": lambda: OperationalError("SELECT secret", {}, Exception("away")),
    b"bug": lambda: ValueError("a secret"),
}


async def echo(request: bytes, _context: Any) -> bytes:
    if request in FAILURES:
        raise FAILURES[request]()
    if request == b"slow":
        await asyncio.sleep(30)
    return request


async def stream(request: bytes, _context: Any) -> AsyncIterator[bytes]:
    yield request


def add_services(server: grpc.aio.Server) -> None:
    methods = {
        "Echo": grpc.unary_unary_rpc_method_handler(echo),
        "Hidden": grpc.unary_unary_rpc_method_handler(echo),
        "Stream": grpc.unary_stream_rpc_method_handler(stream),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))


@pytest.fixture(scope="module")
def address() -> str:
    return f"{LOOPBACK}:{free_port()}"


@pytest.fixture
async def connect(address: str, identity: Callable[[str], TlsSettings]) -> AsyncIterator[Any]:
    """`connect("tracking")` is a channel to the running server with that service's certificate."""
    serving = asyncio.create_task(rpc_server.serve(address, identity("tenancy"), CALLERS, add_services))
    channels: list[grpc.aio.Channel] = []

    def connect(name: str) -> grpc.aio.Channel:
        channels.append(open_channel(address, identity(name), server_name="tenancy"))
        return channels[-1]

    await asyncio.wait_for(connect("tracking").channel_ready(), 20)
    yield connect
    for channel in channels:
        await channel.close()
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


async def test_a_caller_on_the_list(connect: Any) -> None:
    assert await call(connect("tracking").unary_unary(f"/{SERVICE}/Echo"), b"hello") == b"hello"


async def test_a_request_has_a_largest_size(connect: Any) -> None:
    echo = connect("tracking").unary_unary(f"/{SERVICE}/Echo")
    assert len(await call(echo, b"x" * rpc_server.MAX_MESSAGE)) == rpc_server.MAX_MESSAGE
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await echo(b"x" * (rpc_server.MAX_MESSAGE + 1), timeout=5)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("caller", ["owner-portal", "billing", "tenancy", "operator"])
async def test_a_caller_that_is_not(connect: Any, caller: str) -> None:
    with pytest.raises(errors.Forbidden, match=f"{caller} may not call /{SERVICE}/Echo"):
        await call(connect(caller).unary_unary(f"/{SERVICE}/Echo"), b"hello")


async def test_a_method_without_a_list_is_for_nobody(connect: Any) -> None:
    with pytest.raises(errors.Forbidden):
        await call(connect("tracking").unary_unary(f"/{SERVICE}/Hidden"), b"hello")


async def test_a_stream_is_refused_even_to_those_on_its_list(connect: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        async for _message in connect("tracking").unary_stream(f"/{SERVICE}/Stream")(b"hello", timeout=5):
            pass
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_method_that_is_not_there(connect: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await connect("tracking").unary_unary(f"/{SERVICE}/Nothing")(b"", timeout=5)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("kind", list(rpc_status.STATUS))
async def test_an_error_keeps_its_kind_and_its_words(connect: Any, kind: type[errors.AppError]) -> None:
    with pytest.raises(errors.AppError) as raised:
        await call(connect("tracking").unary_unary(f"/{SERVICE}/Echo"), kind.__name__.encode())
    assert type(raised.value) is kind
    if kind is not errors.Unavailable:
        assert raised.value.message == "because of that"


def test_every_kind_of_error_has_a_code_of_its_own() -> None:
    assert set(rpc_status.STATUS) == set(errors.HTTP_STATUS) == set(errors.AppError.__subclasses__())
    assert len(set(rpc_status.STATUS.values())) == len(rpc_status.STATUS)


@pytest.mark.parametrize(
    ("request_", "code"), [(b"database", grpc.StatusCode.UNAVAILABLE), (b"bug", grpc.StatusCode.INTERNAL)]
)
async def test_other_errors_say_nothing_of_themselves(connect: Any, request_: bytes, code: grpc.StatusCode) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await connect("tracking").unary_unary(f"/{SERVICE}/Echo")(request_, timeout=5)
    assert raised.value.code() is code
    assert "secret" not in str(raised.value.details())


async def test_a_call_has_a_deadline(connect: Any) -> None:
    with pytest.raises(errors.Unavailable, match="DEADLINE_EXCEEDED"):
        await call(connect("tracking").unary_unary(f"/{SERVICE}/Echo"), b"slow", deadline=0.1)


async def test_a_server_that_is_not_there(identity: Callable[[str], TlsSettings]) -> None:
    async with open_channel(f"{LOOPBACK}:{free_port()}", identity("tracking"), server_name="tenancy") as channel:
        with pytest.raises(errors.Unavailable):
            await call(channel.unary_unary(f"/{SERVICE}/Echo"), b"hello")


async def test_another_server_with_a_certificate_of_the_platform(
    connect: Any, address: str, identity: Callable[[str], TlsSettings]
) -> None:
    assert connect
    async with open_channel(address, identity("tracking"), server_name="billing") as channel:
        with pytest.raises(errors.Unavailable):
            await call(channel.unary_unary(f"/{SERVICE}/Echo"), b"hello")


async def test_health_is_for_everyone_with_a_certificate(connect: Any) -> None:
    health = health_pb2_grpc.HealthStub(connect("billing"))
    answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=5)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        async for _answer in health.Watch(health_pb2.HealthCheckRequest(), timeout=5):
            pass
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_second_server_does_not_share_the_port(
    connect: Any, address: str, identity: Callable[[str], TlsSettings]
) -> None:
    assert connect
    with pytest.raises(RuntimeError, match="address"):
        await rpc_server.serve(address, identity("tenancy"), CALLERS, add_services)
