"""`tenantry up` and `down` with the real services."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from tenantry_ops import environment, stack
from tenantry_ops.home import Home
from tenantry_ops.options import Options
from tenantry_ops.ports import LOOPBACK, free_port
from tenantry_ops.processes import ProcessRecord, wait_gone
from tenantry_ops.progress import for_terminal
from testkit.held_secrets import HELD, secrets_in
from testkit.waiting import eventually_blocking

Tenantry = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def home(engine_folder: Path) -> Home:
    return Home(engine_folder / "a home")


@pytest.fixture(scope="module")
def tenantry(home: Home) -> Iterator[Tenantry]:
    ports = {name: str(free_port()) for name in ("PORTAL_PORT", "GATEWAY_PORT", "WORKSPACE_PORT")}
    environment = {**os.environ, **ports, "TENANTRY_HOME": str(home.root), "DEMO": "0", "DETACH": "1"}

    def run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "tenantry_ops.cli", *arguments]
        return subprocess.run(command, env=environment | variables, capture_output=True, text=True, check=False)

    yield run
    run("down")


@pytest.fixture
def running(tenantry: Tenantry, home: Home) -> list[ProcessRecord]:
    if home.supervisor_pid() is None:
        result = tenantry("up")
        assert result.returncode == 0, result.stdout + result.stderr
    return home.read_processes()


def record(records: Sequence[ProcessRecord], name: str) -> ProcessRecord:
    [found] = [record for record in records if record.name == name]
    return found


def processes_of(records: Sequence[ProcessRecord]) -> list[psutil.Process]:
    return [process for record in records for process in record.survivors()]


def test_a_taken_port_aborts_before_anything_starts(tenantry: Tenantry, home: Home) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        result = tenantry("up", GATEWAY_PORT=str(port))
    assert result.returncode == 1
    assert f"port {port} is taken: set GATEWAY_PORT" in result.stdout
    assert home.read_processes() == []


def test_everything_is_up(tenantry: Tenantry, home: Home, running: list[ProcessRecord]) -> None:
    status = tenantry("status")
    assert status.returncode == 0, status.stdout
    names = ["postgres", "nats", "tenancy", "billing", "aggregator", "gateway", "workspace", "portal"]
    assert [record.name for record in running] == names
    run = json.loads(home.run.read_text())
    assert run["companies"] == []
    assert run["owner"]["password"]
    assert home.run.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("process", ["tenancy", "billing", "aggregator", "gateway", "workspace", "portal"])
def test_a_process_has_only_its_own_secrets(home: Home, running: list[ProcessRecord], process: str) -> None:
    """Reads the environments of the process and its workers from the kernel."""
    service = "owner-portal" if process == "portal" else process
    platform = stack.load(home, Options.from_environment({"TENANTRY_HOME": str(home.root)}))
    leader = psutil.Process(record(running, process).pid)
    for each in (leader, *leader.children(recursive=True)):
        variables = dict(
            line.partition("=")[::2]
            for line in Path(f"/proc/{each.pid}/environ").read_bytes().decode().split("\0")
            if line
        )
        assert variables.keys() <= environment.serving(platform, service).keys()
        assert secrets_in(variables.values(), platform.secrets) == HELD[service]


def test_no_log_contains_a_secret(home: Home, running: list[ProcessRecord]) -> None:
    platform = stack.load(home, Options.from_environment({"TENANTRY_HOME": str(home.root)}))
    logs = [*home.root.rglob("*.log")]
    assert home.logs / "supervisor.log" in logs
    assert len(logs) > len(running) // 2
    for log in logs:
        assert secrets_in([log.read_text(errors="replace")], platform.secrets) == set(), log


def test_the_owners_password_is_printed_only_on_a_terminal(
    tenantry: Tenantry, home: Home, running: list[ProcessRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert running
    assert for_terminal("secret", "elsewhere") == "elsewhere"
    near, far = pty.openpty()
    with os.fdopen(near, "rb"), os.fdopen(far, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        assert for_terminal("secret", "elsewhere") == "secret"
    monkeypatch.undo()
    password = json.loads(home.run.read_text())["owner"]["password"]
    assert password not in tenantry("up").stdout + tenantry("status").stdout


def test_a_second_up_is_refused(tenantry: Tenantry, running: list[ProcessRecord]) -> None:
    result = tenantry("up")
    assert result.returncode == 1
    assert "already runs" in result.stderr
    assert len(processes_of(running)) >= len(running)


def test_a_killed_process_is_restarted(tenantry: Tenantry, home: Home, running: list[ProcessRecord]) -> None:
    before = record(running, "billing")
    os.kill(before.pid, signal.SIGKILL)
    eventually_blocking(lambda: record(home.read_processes(), "billing").pid != before.pid, timeout=120)

    def said() -> str:
        return tenantry("status").stdout + (home.logs / "billing.log").read_text()[-2000:]

    eventually_blocking(lambda: tenantry("status").returncode == 0, timeout=120, otherwise=said)


def test_the_next_supervisor_ends_the_processes_of_a_killed_one(
    tenantry: Tenantry, home: Home, running: list[ProcessRecord]
) -> None:
    left = processes_of(running)
    supervisor = home.supervisor_pid()
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)
    eventually_blocking(lambda: home.supervisor_pid() is None, timeout=120)
    result = tenantry("up")
    assert "left behind" in result.stdout
    assert result.returncode == 0, result.stdout
    assert wait_gone(left, 0.0) == []


def test_down_ends_every_process(tenantry: Tenantry, home: Home, running: list[ProcessRecord]) -> None:
    everything = processes_of(running)
    result = tenantry("down")
    assert result.returncode == 0, result.stdout
    assert wait_gone(everything, 0.0) == []
    assert home.read_processes() == []
    assert tenantry("status").returncode == 1
