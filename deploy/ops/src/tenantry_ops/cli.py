"""The `tenantry` command: runs the whole platform on one machine."""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta

from tenantry_ops import stack
from tenantry_ops.detach import start_detached
from tenantry_ops.engines import EngineError
from tenantry_ops.environment import Platform
from tenantry_ops.home import AlreadyRunning, Home
from tenantry_ops.leftovers import end_leftovers
from tenantry_ops.options import Options, UsageError
from tenantry_ops.programs import services, tracking_command
from tenantry_ops.progress import say
from tenantry_ops.supervisor import Supervisor

DOWN_SECONDS = 120.0
HELP = """\
environment:
  TENANTRY_HOME                  folder of data, secrets and logs (.tenantry)
  PORTAL_PORT, GATEWAY_PORT, WORKSPACE_PORT
                                 ports on 127.0.0.1 (8000, 8080, 8090)
  GATEWAY_WORKERS                gateway processes (2)
  DEMO=0                         no demo companies and simulated trackers
  DETACH=1                       `up` returns when everything is up
  LOG_LEVEL                      log level of the services (INFO)
  CERTIFICATE_DAYS               lifetime of the services' certificates (90)
"""


def up(home: Home, options: Options) -> int:
    """start everything and keep it running; Ctrl-C stops it"""
    pid = home.supervisor_pid()
    if pid is not None:
        raise AlreadyRunning(f"Tenantry already runs in {home.root} (pid {pid}): `make down` stops it")
    if options.detach:
        return start_detached(home)
    with home.lock():
        Supervisor(home, options).run()
    return 0


def down(home: Home, _options: Options) -> int:
    """stop what `up` started, from any shell"""
    pid = home.supervisor_pid()
    if pid is None:
        with home.lock():
            names = end_leftovers(home)
        say(
            f"stopped processes of a killed supervisor: {', '.join(names)}" if names else f"nothing runs in {home.root}"
        )
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_SECONDS
    while home.supervisor_pid() == pid:
        if time.monotonic() > deadline:
            say(f"the supervisor (pid {pid}) still stops its processes; see {home.logs / 'supervisor.log'}")
            return 1
        time.sleep(0.1)
    say(f"stopped Tenantry in {home.root}")
    return 0


def status(home: Home, options: Options) -> int:
    """list what runs and what is not ready; exit code 0 if everything is ready"""
    pid = home.supervisor_pid()
    if pid is None:
        say(f"nothing runs in {home.root}")
        return 1
    missing = {service.program.name: service.missing() for service in services(stack.load(home, options))}
    records = {record.name: record for record in home.read_processes()}
    dead = [name for name, record in records.items() if not record.survivors()]
    for name in dict.fromkeys([*records, *missing]):
        state = "not running" if name in dead or name not in records else missing.get(name) or "ok"
        say(f"  {name:<12} {records[name].pid if name in records else '-':>7}  {state}")
    left = stack.load(home, options).certificates.left()
    say(f"  the first certificate expires in {left / timedelta(days=1):.1f} days")
    return 0 if not dead and not any(missing.values()) and missing.keys() <= records.keys() else 1


def provision(home: Home, options: Options) -> int:
    """repeat the provisioning of the running engines: roles, passwords, databases, streams"""
    platform = _running_platform(home, options)
    postgres, nats = stack.engines(home, platform.secrets)
    postgres.port, nats.port = (int(address.rpartition(":")[2]) for address in (platform.postgres, platform.nats))
    stack.provision(platform.secrets, postgres, nats)
    say("roles, databases, streams and consumers are as they should be")
    return 0


def reconcile(home: Home, options: Options) -> int:
    """recompute tracking's totals from raw rows and list differences"""
    return _tracking(home, options, "reconcile")


def recount(home: Home, options: Options) -> int:
    """recompute all days from tracking's stored hours"""
    return _tracking(home, options, "recount")


def rebuild_feed(home: Home, options: Options) -> int:
    """publish the aggregate feed again from tracking's tables"""
    return _tracking(home, options, "rebuild-feed")


COMMANDS: dict[str, Callable[[Home, Options], int]] = {
    "up": up,
    "down": down,
    "status": status,
    "provision": provision,
    "reconcile": reconcile,
    "recount": recount,
    "rebuild-feed": rebuild_feed,
}


def main() -> int:
    """Runs one command; returns the process's exit code."""
    parser = argparse.ArgumentParser(
        prog="tenantry", description=__doc__, epilog=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, function in COMMANDS.items():
        commands.add_parser(name, help=function.__doc__)
    arguments = parser.parse_args()
    try:
        options = Options.from_environment()
        return COMMANDS[arguments.command](Home(options.home), options)
    except (UsageError, AlreadyRunning, EngineError, stack.StartFailed) as error:
        print(f"tenantry: {error}", file=sys.stderr, flush=True)
        return 1


def _tracking(home: Home, options: Options, action: str) -> int:
    program = tracking_command(_running_platform(home, options), action)
    return subprocess.run(program.command, env=dict(program.environment), check=False).returncode


def _running_platform(home: Home, options: Options) -> Platform:
    if home.supervisor_pid() is None:
        raise UsageError(f"nothing runs in {home.root}: `tenantry up` first")
    return stack.load(home, options)


if __name__ == "__main__":
    sys.exit(main())
