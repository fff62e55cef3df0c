"""Children, restarts and leftovers, with small processes in place of services."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tenantry_ops import child as child_module
from tenantry_ops.child import Child, Program, stop_together
from tenantry_ops.home import AlreadyRunning, Home
from tenantry_ops.leftovers import end_leftovers
from tenantry_ops.options import Options, UsageError
from tenantry_ops.processes import ProcessRecord, wait_gone
from tenantry_ops.watch import Watch

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEPER
WITH_WORKER = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]);" + SLEEPER

Start = Callable[..., Child]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def start(home: Home) -> Iterator[Start]:
    children: list[Child] = []

    def start(name: str, code: str, lines: int = 1) -> Child:
        child = Child(Program(name, [sys.executable, "-c", code], dict(os.environ)), home.logs)
        children.append(child)
        child.start()
        while child.log.read_text().count("up") < lines:
            assert child.is_running()
        return child

    yield start
    for child in children:
        child.stop()


def group(child: Child) -> list[psutil.Process]:
    return ProcessRecord.of(child.name, child.pid).survivors()


def test_a_child_and_its_workers_end_together(start: Start) -> None:
    child = start("gateway", WITH_WORKER, lines=2)
    members = group(child)
    assert len(members) == 2
    child.stop()
    assert wait_gone(members, 0.0) == []


def test_the_workers_of_a_killed_child_are_gone_before_it_starts_again(start: Start) -> None:
    child = start("gateway", WITH_WORKER, lines=2)
    members = group(child)
    os.kill(child.pid, signal.SIGKILL)
    assert wait_gone(members[:1], 10.0) == []
    child.start()
    assert wait_gone(members, 0.0) == []


def test_a_child_that_does_not_end_is_killed_and_named(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "STOP_SECONDS", 0.5)
    willing, stubborn = start("willing", SLEEPER), start("stubborn", STUBBORN)
    assert stop_together([willing, stubborn]) == ["stubborn"]
    assert not willing.is_running()
    assert not stubborn.is_running()


class FakeUnit:
    name = "billing"
    pid = 7

    def __init__(self) -> None:
        self.running = True
        self.starts = 0

    def start(self) -> None:
        self.starts += 1
        self.running = True

    def is_running(self) -> bool:
        return self.running

    def end_status(self) -> str:
        return "ended with code 1"


def test_a_crashing_unit_restarts_with_growing_delays_and_a_healthy_one_at_once() -> None:
    said: list[str] = []
    unit, now = FakeUnit(), 0.0
    watch = Watch(unit, said.append, lambda: now)
    delays = []
    for _ in range(8):
        unit.running = False
        watch.tend()
        crashed_at = now
        while not watch.tend():
            now += 0.5
        delays.append(now - crashed_at)
    assert delays == [0.5, 1, 2, 4, 8, 16, 30, 30]
    now += 60
    unit.running = False
    watch.tend()
    assert said[-1] == "billing ended with code 1; it starts again in 0.5 s"


def test_a_unit_that_cannot_start_is_tried_again() -> None:
    class Broken(FakeUnit):
        def start(self) -> None:
            super().start()
            if self.starts == 1:
                raise OSError("no space")

    said: list[str] = []
    unit, now = Broken(), 0.0
    watch = Watch(unit, said.append, lambda: now)
    unit.running = False
    watch.tend()
    while not watch.tend():
        now += 0.5
    assert unit.starts == 2
    assert "no space" in said[1]


def test_leftovers_are_ended(home: Home, start: Start) -> None:
    child = start("gateway", WITH_WORKER, lines=2)
    members = group(child)
    home.write_processes([ProcessRecord.of("gateway", child.pid)])
    os.kill(child.pid, signal.SIGKILL)
    assert end_leftovers(home) == ["gateway"]
    assert wait_gone(members, 0.0) == []
    assert home.read_processes() == []


@pytest.mark.parametrize("change", [{"started": 1.0}, {"command": ["/bin/other"]}])
def test_a_foreign_process_under_an_old_pid_is_left_alone(home: Home, start: Start, change: dict[str, object]) -> None:
    child = start("billing", SLEEPER)
    record = ProcessRecord.of("billing", child.pid).to_json() | change
    home.write_processes([ProcessRecord.from_json(record)])
    assert end_leftovers(home) == []
    assert child.is_running()


def test_a_shell_that_executes_the_program_is_the_same_process(home: Home, start: Start) -> None:
    child = start("billing", SLEEPER)
    record = ProcessRecord.of("billing", child.pid).to_json()
    record["command"] = ["/bin/sh", *record["command"][1:]]  # as scripts below a path with a space begin
    home.write_processes([ProcessRecord.from_json(record)])
    assert end_leftovers(home) == ["billing"]
    assert not child.is_running()


def test_a_process_is_recorded_with_its_command(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    child = start("billing", SLEEPER)
    lines = [[], [], psutil.Process(child.pid).cmdline()]  # arguments appear a moment after the program
    monkeypatch.setattr(psutil.Process, "cmdline", lambda _process: lines.pop(0))
    assert ProcessRecord.of("billing", child.pid).command[-1] == SLEEPER


def test_a_home_has_one_supervisor(home: Home) -> None:
    assert home.supervisor_pid() is None
    with home.lock():
        assert home.supervisor_pid() == os.getpid()
        with pytest.raises(AlreadyRunning, match="make down"):
            home.lock()
    assert home.supervisor_pid() is None


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"PORTAL_PORT": "eighty"}, "PORTAL_PORT"),
        ({"GATEWAY_PORT": "70000"}, "65535"),
        ({"PORTAL_PORT": "8080"}, "different"),
        ({"GATEWAY_WORKERS": "0"}, "GATEWAY_WORKERS"),
    ],
)
def test_wrong_options_name_the_variable(variables: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Options.from_environment(variables)


def test_down_without_a_platform_says_so(home: Home) -> None:
    environment = {**os.environ, "TENANTRY_HOME": str(home.root)}
    command = [sys.executable, "-m", "tenantry_ops.cli", "down"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "nothing runs" in result.stdout
