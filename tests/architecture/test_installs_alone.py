"""Each service can be imported with its declared dependencies only; the shared environment would hide missing ones.

A new environment gets links to the installed files of the direct and indirect dependencies; nothing is downloaded.
"""

import subprocess
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.architecture.conftest import Distribution

SERVICES = {"tenantry-tenancy", "tenantry-billing", "tenantry-tracking", "tenantry-owner-portal"}
IMPORT_ALL = "import importlib, sys\nfor name in sys.argv[1:]:\n    importlib.import_module(name)\n"


def closure(name: str) -> set[str]:
    """Returns the distribution and its direct and indirect dependencies, by the installed metadata."""
    found: set[tuple[str, str]] = set()
    waiting = [(name, "")]
    while waiting:
        pair = waiting.pop()
        if pair in found:
            continue
        found.add(pair)
        current, extra = pair
        for line in distribution(current).requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                waiting += [(requirement.name, wanted) for wanted in ("", *requirement.extras)]
    return {current for current, _ in found}


def install(names: set[str], folder: Path) -> Path:
    """Creates an environment of only these distributions; returns its interpreter."""
    venv.create(folder, symlinks=True)
    site = next(folder.glob("lib/python3.*/site-packages"))
    for name in names:
        for file in distribution(name).files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                link = site / file
                link.parent.mkdir(parents=True, exist_ok=True)
                if not link.exists():
                    link.symlink_to(file.locate())
    return folder / "bin" / "python"


def modules_of(package: Path) -> list[str]:
    """Returns all modules by name, except Alembic's env.py, whose import would migrate."""
    paths = [
        path.relative_to(package.parent).with_suffix("") for path in package.rglob("*.py") if path.name != "env.py"
    ]
    return sorted(".".join(path.parts).removesuffix(".__init__") for path in paths)


def import_all(python: Path, package: Path) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-I", "-W", "error", "-c", IMPORT_ALL, *modules_of(package)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=python.parent)


def test_each_service_is_covered(services: list[Distribution]) -> None:
    assert {service.name for service in services} == SERVICES


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_imports_alone(name: str, services: list[Distribution], tmp_path: Path) -> None:
    package = next(service.packages[0] for service in services if service.name == name)
    needed = closure(name)
    assert needed & (SERVICES | {"tenantry-ops", "tenantry-testkit", "tenantry-tracker-client"}) == {name}
    result = import_all(install(needed, tmp_path), package)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("missing", ["msgspec", "uuid-utils", "tenantry-contracts"])
def test_a_missing_dependency_is_noticed(missing: str, services: list[Distribution], tmp_path: Path) -> None:
    package = next(service.packages[0] for service in services if service.name == "tenantry-tracking")
    result = import_all(install(closure("tenantry-tracking") - {missing}, tmp_path), package)
    assert result.returncode == 1
    module = {"tenantry-contracts": "contracts"}.get(missing, missing.replace("-", "_"))
    assert f"No module named '{module}'" in result.stderr
