"""Engines survive faults: kill -9, a lost owner, a stale pid file."""

import os
from pathlib import Path

import nats
import psycopg
import pytest
from nats.js.api import StreamConfig

from tenantry_ops.engines import EngineError, NatsEngine, PostgresEngine
from tenantry_ops.engines import postgres as postgres_module
from tenantry_ops.provision import authorization
from tenantry_ops.secrets import generate


@pytest.fixture
def folder(engine_folder: Path, tmp_path: Path) -> Path:
    folder = engine_folder / f"with space {tmp_path.name}"
    folder.mkdir(mode=0o711)
    return folder


def count_rows(engine: PostgresEngine) -> int:
    with psycopg.connect(engine.dsn()) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def test_postgres_keeps_data_and_port_after_kill(folder: Path) -> None:
    with PostgresEngine(folder) as engine:
        port = engine.port
        with psycopg.connect(engine.dsn(), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (number int)")
            connection.execute("INSERT INTO kept VALUES (1)")
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
            engine.kill()
        assert not engine.is_running()
        engine.start()
        assert engine.port == port
        assert count_rows(engine) == 1


def test_postgres_requires_the_password(folder: Path) -> None:
    with PostgresEngine(folder) as engine, pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(engine.dsn(), password="guessed")


def test_a_folder_has_one_owner(folder: Path) -> None:
    with PostgresEngine(folder), pytest.raises(EngineError, match="another process"):
        PostgresEngine(folder).start()


def test_postgres_without_its_owner_is_ended_by_the_next(folder: Path) -> None:
    first = PostgresEngine(folder)
    first.start()
    first.abandon()
    with PostgresEngine(folder) as second:
        assert not first.is_running()
        assert second.port == first.port
    first.stop()


def test_a_pid_file_that_names_a_foreign_process_is_ignored(folder: Path) -> None:
    with PostgresEngine(folder) as engine:
        pid_file = folder / "data" / "postmaster.pid"
        content = pid_file.read_text().splitlines()
        engine.kill()
        pid_file.write_text("\n".join([str(os.getppid()), *content[1:]]) + "\n")
        engine.start()
        assert engine.is_running()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives PostgreSQL another user")
def test_a_folder_closed_to_the_servers_user(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(postgres_module, "REACHABLE", folder / "reachable")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    for _ in range(2):
        with PostgresEngine(closed / "home") as engine, psycopg.connect(engine.dsn(), autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
            connection.execute("INSERT INTO kept VALUES (1)")
    with PostgresEngine(closed / "home") as engine:
        assert count_rows(engine) == 2
    assert caplog.text.count("its data goes to") == 1


def test_a_taken_port_is_named(folder: Path) -> None:
    with NatsEngine(folder / "one", "") as engine, pytest.raises(EngineError, match=str(engine.port)):
        NatsEngine(folder / "two", "", port=engine.port).start()


def test_a_failed_start_shows_the_log(folder: Path) -> None:
    engine = NatsEngine(folder, "no such setting {")
    with pytest.raises(EngineError, match="did not start"):
        engine.start()


async def test_nats_keeps_messages_and_port_after_kill(folder: Path) -> None:
    with NatsEngine(folder, "") as engine:
        port = engine.port
        connection = await nats.connect(f"nats://{engine.host}:{port}", allow_reconnect=False)
        await connection.jetstream().add_stream(StreamConfig(name="KEPT", subjects=["kept"]))
        await connection.jetstream().publish("kept", b"1")
        await connection.close()
        engine.kill()
        engine.start()
        assert engine.port == port
        connection = await nats.connect(f"nats://{engine.host}:{port}")
        assert (await connection.jetstream().stream_info("KEPT")).state.messages == 1
        await connection.close()


async def test_streams_from_before_accounts_are_kept(folder: Path) -> None:
    with NatsEngine(folder, "") as engine:
        connection = await nats.connect(f"nats://{engine.host}:{engine.port}")
        await connection.jetstream().add_stream(StreamConfig(name="USAGE", subjects=["usage.v1.>"]))
        await connection.jetstream().publish("usage.v1.one.202601", b"1")
        await connection.close()
    passwords = generate().nats
    with NatsEngine(folder, authorization(passwords)) as engine:
        connection = await nats.connect(engine.url("operator", passwords["operator"]))
        assert (await connection.jetstream().stream_info("USAGE")).state.messages == 1
        await connection.close()
