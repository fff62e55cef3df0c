"""The gRPC server: permitted callers, errors that keep their code, and refused streams."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from typing import Any, cast

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from sqlalchemy.exc import OperationalError

from libs.servicekit.tests.conftest import Identity
from servicekit import errors, rpc_server, rpc_status
from servicekit.rpc_client import call, open_channel
from tenantry_ops.ports import LOOPBACK, free_port

SERVICE = "scratch.v1.Scratch"
Connect = Callable[[str], grpc.aio.Channel]
CALLERS = {f"/{SERVICE}/{method}": frozenset({"tracking"}) for method in ("Echo", "Stream")}
FAILURES: dict[bytes, Callable[[], Exception]] = {
    kind.__name__.encode(): lambda kind=kind: kind("because of that", field="plan_code", retry_after=2.5)
    for kind in errors.CLASSES.values()
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
async def connect(address: str, identity: Identity) -> AsyncIterator[Connect]:
    """`connect("tracking")` is a channel to the running server with that service's certificate."""
    serving = asyncio.create_task(rpc_server.serve(address, identity("tenancy"), CALLERS, add_services))
    channels: list[grpc.aio.Channel] = []

    def connect(name: str) -> grpc.aio.Channel:
        channels.append(open_channel(address, identity(name), server_name="tenancy"))
        return channels[-1]

    await asyncio.wait_for(connect("tracking").channel_ready(), 20)
    yield connect
    for channel in channels:
        await channel.close(None)
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


async def test_a_caller_on_the_list(connect: Connect) -> None:
    assert await call(connect("tracking").unary_unary(f"/{SERVICE}/Echo", None, None), b"hello") == b"hello"


async def test_a_request_above_the_limit_is_refused(connect: Connect) -> None:
    echo = connect("tracking").unary_unary(f"/{SERVICE}/Echo", None, None)
    assert len(await call(echo, b"x" * rpc_server.MAX_MESSAGE_BYTES)) == rpc_server.MAX_MESSAGE_BYTES
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await echo(b"x" * (rpc_server.MAX_MESSAGE_BYTES + 1), timeout=5)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("caller", ["owner-portal", "billing", "tenancy", "operator"])
async def test_a_caller_that_is_not_on_the_list(connect: Connect, caller: str) -> None:
    with pytest.raises(errors.Forbidden, match=f"{caller} may not call /{SERVICE}/Echo"):
        await call(connect(caller).unary_unary(f"/{SERVICE}/Echo", None, None), b"hello")


async def test_a_method_without_a_list_refuses_everyone(connect: Connect) -> None:
    with pytest.raises(errors.Forbidden):
        await call(connect("tracking").unary_unary(f"/{SERVICE}/Hidden", None, None), b"hello")


async def test_a_stream_is_refused_even_to_those_on_its_list(connect: Connect) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        async for _message in connect("tracking").unary_stream(f"/{SERVICE}/Stream", None, None)(b"hello", timeout=5):
            pass
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_method_that_is_not_there(connect: Connect) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await connect("tracking").unary_unary(f"/{SERVICE}/Nothing", None, None)(b"", timeout=5)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("kind", list(errors.CLASSES.values()))
async def test_an_error_keeps_its_code_its_field_and_its_message(connect: Connect, kind: type[errors.AppError]) -> None:
    with pytest.raises(errors.AppError) as raised:
        await call(connect("tracking").unary_unary(f"/{SERVICE}/Echo", None, None), kind.__name__.encode())
    assert type(raised.value) is kind
    if kind is not errors.Unavailable:
        assert (raised.value.message, raised.value.field) == ("because of that", "plan_code")
        assert raised.value.retry_after == 2.5


async def test_error_details_follow_the_standard(connect: Connect) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await connect("tracking").unary_unary(f"/{SERVICE}/Echo", None, None)(b"InvalidInput", timeout=5)
    # The stubs lack that metadata iterates over pairs.
    metadata = cast("Iterable[tuple[str, bytes]]", raised.value.trailing_metadata())
    [packed] = [value for key, value in metadata if key == "grpc-status-details-bin"]
    status = status_pb2.Status.FromString(packed)
    assert (status.code, status.message) == (3, "because of that")
    info, fields, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    assert all(any(detail.Unpack(kind) for detail in status.details) for kind in (info, fields, retry))
    assert (info.reason, info.domain) == ("INVALID_INPUT", "tenantry")
    assert [violation.field for violation in fields.field_violations] == ["plan_code"]
    assert retry.retry_delay.ToMilliseconds() == 2_500


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.NOT_FOUND, errors.NotFound),
        (grpc.StatusCode.FAILED_PRECONDITION, errors.Refused),
        (grpc.StatusCode.DEADLINE_EXCEEDED, errors.Unavailable),
        (grpc.StatusCode.INTERNAL, errors.Unavailable),
    ],
)
def test_a_failure_without_details_is_read_by_its_status(code: grpc.StatusCode, kind: type[errors.AppError]) -> None:
    nothing = grpc.aio.Metadata()
    assert type(rpc_status.decode_error(grpc.aio.AioRpcError(code, nothing, nothing, "said", None))) is kind


def test_every_error_has_a_row_in_the_table() -> None:
    assert set(errors.CLASSES) == set(errors.TRANSPORT) - {errors.ErrorCode.INTERNAL}
    assert set(errors.CLASSES.values()) == set(errors.AppError.__subclasses__())
    grpc_codes = [row.grpc_code for row in errors.TRANSPORT.values()]
    assert len(set(grpc_codes)) == len(grpc_codes)


@pytest.mark.parametrize(
    ("request_", "code"), [(b"database", grpc.StatusCode.UNAVAILABLE), (b"bug", grpc.StatusCode.INTERNAL)]
)
async def test_other_errors_reveal_nothing(connect: Connect, request_: bytes, code: grpc.StatusCode) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await connect("tracking").unary_unary(f"/{SERVICE}/Echo", None, None)(request_, timeout=5)
    assert raised.value.code() is code
    assert "secret" not in str(raised.value.details())


async def test_a_call_has_a_deadline(connect: Connect) -> None:
    with pytest.raises(errors.Unavailable, match="DEADLINE_EXCEEDED"):
        await call(connect("tracking").unary_unary(f"/{SERVICE}/Echo", None, None), b"slow", deadline=0.1)


async def test_a_server_that_is_not_there(identity: Identity) -> None:
    async with open_channel(f"{LOOPBACK}:{free_port()}", identity("tracking"), server_name="tenancy") as channel:
        with pytest.raises(errors.Unavailable):
            await call(channel.unary_unary(f"/{SERVICE}/Echo", None, None), b"hello")


@pytest.mark.usefixtures("connect")
async def test_another_server_with_a_certificate_of_the_platform(address: str, identity: Identity) -> None:
    async with open_channel(address, identity("tracking"), server_name="billing") as channel:
        with pytest.raises(errors.Unavailable):
            await call(channel.unary_unary(f"/{SERVICE}/Echo", None, None), b"hello")


async def test_health_checks_need_only_a_certificate(connect: Connect) -> None:
    health = health_pb2_grpc.HealthStub(connect("billing"))
    answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=5)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        async for _answer in health.Watch(health_pb2.HealthCheckRequest(), timeout=5):
            pass
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.usefixtures("connect")
async def test_a_second_server_does_not_share_the_port(address: str, identity: Identity) -> None:
    with pytest.raises(RuntimeError, match="address"):
        await rpc_server.serve(address, identity("tenancy"), CALLERS, add_services)
