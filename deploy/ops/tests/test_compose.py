"""The files of docker-compose.yml's containers, and the networks of the portal."""

import os
from pathlib import Path

import pytest

from tenantry_ops import compose
from tenantry_ops.secrets import load_or_generate
from testkit.held_secrets import HELD, secrets_in

ROOT = Path(__file__).parents[3]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(os, "chown", lambda *_: None)  # only root may; the images' user does not exist here
    compose.write_files(tmp_path)
    return tmp_path


def variables(folder: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (folder / "environment").read_text().splitlines())


def test_the_portals_folder_leads_only_to_the_portal(state: Path) -> None:
    folder = state / "owner-portal"
    assert sorted(file.name for file in folder.iterdir()) == [
        "ca.pem",
        "environment",
        "owner-portal.key",
        "owner-portal.pem",
    ]
    settings = variables(folder)
    assert "tracking" not in "".join([*settings, *settings.values()]).lower()
    assert "@portal-postgres:5432/portal" in settings["PORTAL_DATABASE_URL"]


def test_only_migrations_have_the_owners_role(state: Path) -> None:
    for process in compose.PROCESSES:
        assert [name for name in variables(state / process) if "MIGRATION" in name] == []
    assert "TRACKING_MIGRATION_DATABASE_URL" in variables(state / "tracking-migrate")


@pytest.mark.parametrize("process", compose.PROCESSES)
def test_a_container_has_only_its_own_secrets(state: Path, process: str) -> None:
    secrets = load_or_generate(state / "secrets.json")
    folder = state / process
    assert secrets_in([(folder / "environment").read_text()], secrets) == HELD[process]
    assert sorted(file.suffix for file in folder.iterdir()) == ["", ".key", ".pem", ".pem"]


def test_renewed_certificates_reach_the_containers(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slept(Exception):
        pass

    def sleep(_seconds: float) -> None:
        raise Slept

    monkeypatch.setattr("tenantry_ops.compose.time.sleep", sleep)
    made, mounted = state / "certificates" / "billing.pem", state / "billing" / "billing.pem"
    before = mounted.read_bytes()
    made.unlink()
    with pytest.raises(Slept):
        compose.renew_certificates(state)
    assert mounted.read_bytes() == made.read_bytes() != before


def test_each_container_of_tracking_mounts_its_own_folder() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for process in ("gateway", "aggregator", "workspace"):
        service = text.split(f"\n  {process}:\n")[1].split("\n\n")[0]
        assert f'"./.tenantry/compose/{process}:/run/tenantry:ro"' in service
    assert "/run/tenantry" not in text.split("x-tracking:")[1].split("\n\n")[0]


def test_repeating_keeps_all_secrets(state: Path) -> None:
    before = {file: file.read_bytes() for file in state.rglob("*") if file.is_file()}
    compose.write_files(state)
    assert before == {file: file.read_bytes() for file in state.rglob("*") if file.is_file()}


def test_the_portal_shares_networks_only_with_services_it_may_call() -> None:
    """Read as text: the file names networks in one line each, and no YAML parser is installed."""
    text = (ROOT / "docker-compose.yml").read_text()
    tracking = text.split("x-tracking:")[1].split("\n\n")[0]
    portal = text.split("x-portal:")[1].split("\n\n")[0]
    assert "networks: [core]" in tracking
    assert "networks: [owner]" in portal
    database = text.split("\n  postgres:\n")[1].split("\n\n")[0]
    assert "networks: [core]" in database
