"""The processes of the platform, their order, and their readiness probes."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tenantry_ops import environment
from tenantry_ops.child import Program
from tenantry_ops.environment import Platform
from tenantry_ops.probe import http_missing, rpc_missing
from tenantry_ops.topology import SERVICES


@dataclass(frozen=True)
class Service:
    """A program that is kept running. `missing` returns None once it is ready, otherwise what it waits for."""

    program: Program
    missing: Callable[[], str | None]


def services(platform: Platform) -> list[Service]:
    """Returns the services in the order of their start; they are stopped in reverse."""
    return [
        _service("tenancy", "tenancy", "serve", platform, lambda: rpc_missing(platform.tenancy, platform.certificates)),
        _service("billing", "billing", "serve", platform, lambda: rpc_missing(platform.billing, platform.certificates)),
        _service("aggregator", "tracking", "aggregator", platform, lambda: None),
        _service("gateway", "tracking", "gateway", platform, lambda: http_missing(platform.gateway)),
        _service("workspace", "tracking", "workspace", platform, lambda: http_missing(platform.workspace)),
        _service("portal", "owner-portal", "serve", platform, lambda: http_missing(platform.portal)),
    ]


def migrations(platform: Platform) -> list[Program]:
    """Returns every service's `migrate`. They use different databases and may run concurrently."""
    return [
        Program(f"migrate-{service}", command(service, "migrate"), environment.migrating(platform, service))
        for service in SERVICES
    ]


def create_owner(platform: Platform) -> Program:
    """Returns the command that creates the first owner; the password is in the environment, invisible to `ps`.

    An existing account is not changed, because its owner may have chosen another password.
    """
    arguments = command("owner-portal", "create-owner", "--if-missing", "--email", platform.secrets.owner_email)
    return Program("create-owner", arguments, environment.creating_owner(platform))


def demo_seed(platform: Platform, home: Path) -> Program:
    """Returns the command that creates the demo companies and passes their history to tracking's own command."""
    variables = environment.serving(platform, "seed-demo")
    variables |= {"TENANTRY_HOME": str(home), "DEMO_TENANCY_ADDRESS": platform.tenancy}
    variables["DEMO_BILLING_ADDRESS"] = platform.billing
    return Program("demo-seed", [sys.executable, "-m", "tenantry_ops.demo", "seed"], variables)


def demo_fleet(platform: Platform, home: Path) -> Program:
    """Returns the demo's simulated desktops, which only read run.json."""
    variables = environment.machine(platform) | {"TENANTRY_HOME": str(home)}
    return Program("demo", [sys.executable, "-m", "tenantry_ops.demo", "live"], variables)


def tracking_command(platform: Platform, action: str) -> Program:
    """Returns an operator's command of tracking: reconcile, recount or rebuild-feed."""
    return Program(action, command("tracking", action), environment.serving(platform, "maintenance"))


def command(service: str, *arguments: str) -> list[str]:
    """Returns the command line of a service installed beside this interpreter.

    The interpreter is explicit: a script in a path with spaces would start through a shell, and its command line, which
    identifies the process, would change after the start.
    """
    return [sys.executable, str(Path(sys.executable).with_name(f"tenantry-{service}")), *arguments]


def _service(name: str, service: str, action: str, platform: Platform, missing: Callable[[], str | None]) -> Service:
    process = name if service == "tracking" else service
    return Service(Program(name, command(service, action), environment.serving(platform, process)), missing)
