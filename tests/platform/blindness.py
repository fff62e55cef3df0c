"""Checks of the portal's blindness. Each function returns the paths to tracking that it finds, ideally none."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement

from tenantry_ops.environment import Platform
from tenantry_ops.topology import DATABASES

ALLOWED_CONTRACTS = {"contracts", "contracts.tracking", "contracts.tracking.v1", "contracts.tracking.v1.usage_pb2"}
FORBIDDEN_PACKAGES = ("tracking", "tracker_client", "tenantry_ops", "testkit", "contracts.tracking")
FORBIDDEN_DISTRIBUTIONS = {"tenantry-tracking", "tenantry-tracker-client", "tenantry-ops", "tenantry-testkit"}
PORTAL = "services/owner-portal"
MAY_BE_COPIED = {
    "protos",
    "libs/servicekit",
    "libs/audit-chain",
    "libs/audit-trail",
    "libs/credentials",
    "libs/sign-in-throttle",
    "libs/mailer",
    "libs/text-rules",
    "deploy/docker/with-environment",
    "deploy/docker/locks/owner-portal.txt",
    "deploy/docker/locks/web.txt",
    PORTAL,
}


def ways_in_environment(environment: Mapping[str, str], platform: Platform) -> list[str]:
    """Returns variables that lead to tracking: by name, by a password, by the key pepper or by an address."""
    secrets = platform.secrets
    database = DATABASES["tracking"]
    roles = [role.name for role in (database.owner, *database.roles)]
    leads = {
        "tracking",
        *roles,
        *(secrets.roles[role] for role in roles),
        secrets.nats["tracking"],
        secrets.nats["operator"],
        secrets.key_pepper,
        platform.gateway,
        platform.workspace,
    }
    return sorted(
        name
        for name, value in environment.items()
        if any(lead in part for lead in leads for part in (name.lower(), value))
    )


def forbidden_dependencies(pyproject: Path) -> set[str]:
    """Returns distributions that lead to tracking among the portal's direct and indirect dependencies."""
    declared = tomllib.loads(pyproject.read_text())["project"]["dependencies"]
    seen: set[str] = set()
    waiting = [Requirement(text) for text in declared]
    while waiting:
        requirement = waiting.pop()
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name not in seen and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            seen.add(name)
            waiting += map(Requirement, _requires(name))
    return seen & FORBIDDEN_DISTRIBUTIONS


def forbidden_imports(source: Path) -> set[str]:
    """Returns modules of tracking that importing everything below `source`/owner_portal loads, in a new process."""
    program = (
        "import importlib, pkgutil, sys, owner_portal\n"
        "for module in pkgutil.walk_packages(owner_portal.__path__, 'owner_portal.'):\n"
        "    if '.migrations' not in module.name: importlib.import_module(module.name)\n"
        "assert owner_portal.__file__.startswith(sys.argv[1]), owner_portal.__file__\n"
        "print('\\n'.join(sys.modules))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(source)],
        env={"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    loaded = set(result.stdout.split()) - ALLOWED_CONTRACTS
    return {name for name in loaded for package in FORBIDDEN_PACKAGES if f"{name}.".startswith(f"{package}.")}


def foreign_sources(dockerfile: str, target: str = "owner-portal") -> set[str]:
    """Returns what the stages of the image copy from the tree beyond the portal's parts."""
    stages = {
        match["name"]: (match["base"], match["body"])
        for match in re.finditer(
            r"^FROM (?P<base>\S+) AS (?P<name>\S+)\n(?P<body>(?:(?!^FROM ).*\n?)*)", dockerfile, re.MULTILINE
        )
    }
    copied: set[str] = set()
    waiting = [target]
    while waiting:
        base, body = stages.get(waiting.pop(), ("", ""))
        waiting += [base] if base in stages else []
        for arguments in re.findall(r"^(?:COPY|ADD) (.*)$", body, re.MULTILINE):
            *sources, _to = arguments.split()
            if sources[0].startswith("--from="):  # the other stage has copied or created it
                waiting.append(sources[0].removeprefix("--from="))
            else:
                copied.update(sources)
    return {source for source in copied if source not in MAY_BE_COPIED and not source.startswith(f"{PORTAL}/")}


def neighbours(compose: str, service: str) -> set[str]:
    """Returns the services of docker-compose.yml that share a network with one of these."""
    blocks = _blocks(compose)
    networks = {name: _networks(block, blocks) for name, block in blocks.items() if not name.startswith("x-")}
    return {name for name, joined in networks.items() if joined & networks[service]} - {service}


def images(compose: str, services: Iterable[str]) -> set[str]:
    """Returns the images of these services."""
    blocks = _blocks(compose)
    return {_inherited(r"^ +image: (\S+)$", blocks[service], blocks) or "" for service in services}


def _requires(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:  # for another system or Python
        return []


def _blocks(compose: str) -> dict[str, str]:
    """Returns the text of each service and of each shared part, which have the same notation."""
    shared = re.findall(r"^(x-[\w-]+): &\S+\n((?: .*\n)+)", compose, re.MULTILINE)
    services = compose.partition("\nservices:\n")[2].partition("\nnetworks:\n")[0]
    return dict(shared) | dict(re.findall(r"^  ([\w-]+):\n((?:    .*\n)+)", services + "\n", re.MULTILINE))


def _networks(block: str, blocks: Mapping[str, str]) -> set[str]:
    if "network_mode: none" in block:
        return set()
    joined = _inherited(r"^ +networks: \[(.*)\]$", block, blocks)
    assert joined, f"a service without networks joins the default one:\n{block}"
    return set(joined.split(", "))


def _inherited(pattern: str, block: str, blocks: Mapping[str, str]) -> str | None:
    """Returns the block's own value, otherwise that of its merged part."""
    own = re.search(pattern, block, re.MULTILINE)
    if own:
        return own[1]
    parent = re.search(r"<<: \*([\w-]+)", block)
    return _inherited(pattern, blocks[f"x-{parent[1]}"], blocks) if parent else None
