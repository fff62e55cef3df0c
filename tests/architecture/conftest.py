"""The source tree under test: its distributions, as their pyproject.toml files describe them."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Distribution:
    """One installable part of the tree. `packages` are its import packages' folders."""

    name: str
    folder: Path
    packages: tuple[Path, ...]
    dependencies: tuple[str, ...]

    def modules(self) -> Iterator[Path]:
        """Every Python file that it installs."""
        for package in self.packages:
            yield from sorted(package.rglob("*.py"))


def _read(pyproject: Path) -> Distribution:
    content = tomllib.loads(pyproject.read_text())
    packages = content["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    return Distribution(
        name=content["project"]["name"],
        folder=pyproject.parent,
        packages=tuple(pyproject.parent / package for package in packages),
        dependencies=tuple(content["project"]["dependencies"]),
    )


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def distributions() -> list[Distribution]:
    """All distributions: contracts, libraries, services, the operator's tools."""
    places = ("protos", "libs/*", "services/*", "deploy/*", "tests/*")
    found = [path for place in places for path in sorted(ROOT.glob(f"{place}/pyproject.toml"))]
    return [_read(path) for path in found]


@pytest.fixture(scope="session")
def services(distributions: list[Distribution]) -> list[Distribution]:
    """The four services."""
    return [distribution for distribution in distributions if distribution.folder.parent.name == "services"]
