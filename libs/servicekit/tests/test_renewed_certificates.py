"""Servers and channels go on with renewed certificates, without a restart."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from servicekit import rpc_server, tls_files
from servicekit.errors import Unavailable
from servicekit.rpc_client import call, open_channel
from servicekit.settings import TlsSettings
from tenantry_ops.certificates import Certificates, ensure_certificates, renew
from tenantry_ops.ports import LOOPBACK, free_port
from testkit.waiting import eventually

SERVICE = "scratch.v1.Scratch"
CALLERS = {f"/{SERVICE}/Echo": frozenset({"tracking"})}
LIFETIME = timedelta(seconds=4)


async def echo(request: bytes, _context: Any) -> bytes:
    return request


def add_services(server: grpc.aio.Server) -> None:
    methods = {"Echo": grpc.unary_unary_rpc_method_handler(echo)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))


def identity(certificates: Certificates, name: str) -> TlsSettings:
    return TlsSettings(
        tls_ca=certificates.authority, tls_cert=certificates.certificate(name), tls_key=certificates.key(name)
    )


@pytest.fixture
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificates:
    """Certificates that are valid for four seconds."""
    monkeypatch.setattr(tls_files, "LOOK_SECONDS", 0.0)
    return ensure_certificates(tmp_path / "certificates", lifetime=LIFETIME)


@asynccontextmanager
async def serving(address: str, certificates: Certificates) -> AsyncIterator[None]:
    server = asyncio.create_task(rpc_server.serve(address, identity(certificates, "tenancy"), CALLERS, add_services))
    try:
        yield
    finally:
        server.cancel()
        with suppress(asyncio.CancelledError):
            await server


async def say(channel: grpc.aio.Channel) -> bool:
    """Whether a call is answered."""
    with suppress(Unavailable):
        answer: bytes = await call(channel.unary_unary(f"/{SERVICE}/Echo", None, None), b"hello")
        return answer == b"hello"
    return False


async def test_calls_go_on_after_both_certificates_have_expired(short: Certificates) -> None:
    address = f"{LOOPBACK}:{free_port()}"
    async with open_channel(address, identity(short, "tracking"), server_name="tenancy") as channel:
        method = channel.unary_unary(f"/{SERVICE}/Echo", None, None)  # as a stub keeps it
        async with serving(address, short):
            await eventually(lambda: say(channel))
            await asyncio.sleep(LIFETIME.total_seconds() * 0.8)
            assert set(renew(short, lifetime=timedelta(hours=1))) >= {"tenancy", "tracking"}
            await asyncio.sleep(LIFETIME.total_seconds() * 0.4)
            assert await call(method, b"the same server") == b"the same server"
            async with open_channel(address, identity(short, "tracking"), server_name="tenancy") as another:
                assert await say(another), "the server proves itself with its new certificate"
        async with serving(address, short):
            await eventually(lambda: say(channel))  # a new connection of the same channel
            assert await call(method, b"the next server") == b"the next server"


async def test_without_a_renewal_the_next_connection_is_refused(short: Certificates) -> None:
    address = f"{LOOPBACK}:{free_port()}"
    async with serving(address, short):
        async with open_channel(address, identity(short, "tracking"), server_name="tenancy") as channel:
            await eventually(lambda: say(channel))
        await asyncio.sleep(LIFETIME.total_seconds() + 0.5)
        async with open_channel(address, identity(short, "tracking"), server_name="tenancy") as channel:
            assert not await say(channel)


async def test_a_half_replaced_pair_leaves_the_previous_one_in_use(short: Certificates, tmp_path: Path) -> None:
    other = ensure_certificates(tmp_path / "other", lifetime=timedelta(hours=1))
    files = tls_files.TlsFiles(identity(short, "tracking"))
    before = files.identity
    short.key("tracking").write_bytes(other.key("tracking").read_bytes())
    assert files.renewed() is None
    assert files.identity == before
    short.certificate("tracking").write_bytes(other.certificate("tracking").read_bytes())
    renewed = files.renewed()
    assert renewed is not None
    assert renewed.certificate == other.certificate("tracking").read_bytes()
    assert files.renewed() is None, "once"


async def test_a_process_that_starts_while_they_are_replaced_waits(short: Certificates, tmp_path: Path) -> None:
    other = ensure_certificates(tmp_path / "other", lifetime=timedelta(hours=1))
    short.key("tracking").write_bytes(other.key("tracking").read_bytes())
    reading = asyncio.create_task(asyncio.to_thread(tls_files.TlsFiles, identity(short, "tracking")))
    await asyncio.sleep(0.2)
    assert not reading.done()
    short.certificate("tracking").write_bytes(other.certificate("tracking").read_bytes())
    assert (await reading).identity.key == other.key("tracking").read_bytes()


async def test_files_that_never_fit_are_an_error(short: Certificates) -> None:
    short.key("tracking").write_bytes(short.key("billing").read_bytes())
    with pytest.raises(ssl.SSLError):
        tls_files.TlsFiles(identity(short, "tracking"))
