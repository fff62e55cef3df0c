"""Secrets, certificates and environments: who can read them, and what they grant."""

import json
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from tenantry_ops import environment
from tenantry_ops.certificates import Certificates, ensure_certificates
from tenantry_ops.environment import Platform
from tenantry_ops.secrets import generate, load_or_generate
from tenantry_ops.topology import SERVICES
from testkit.held_secrets import HELD, secrets_in


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_secrets_are_generated_once(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = load_or_generate(path)
    assert load_or_generate(path) == first
    assert mode(path) == 0o600
    assert len(bytes.fromhex(first.key_pepper)) == 32


def test_a_new_role_gets_a_password_and_the_others_keep_theirs(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = load_or_generate(path)
    older = json.loads(path.read_text())
    del older["roles"]["tracking_dispatch"]
    path.write_text(json.dumps(older))
    second = load_or_generate(path)
    assert second.roles["tracking_dispatch"]
    assert second.roles["tracking_app"] == first.roles["tracking_app"]


def test_certificates_are_kept_and_private(tmp_path: Path) -> None:
    certificates = ensure_certificates(tmp_path / "certificates")
    before = {file.name: file.read_bytes() for file in certificates.folder.iterdir()}
    assert {mode(file) for file in certificates.folder.iterdir()} == {0o600}
    ensure_certificates(certificates.folder)
    assert before == {file.name: file.read_bytes() for file in certificates.folder.iterdir()}
    certificates.key("billing").unlink()
    ensure_certificates(certificates.folder)
    assert certificates.key("billing").exists()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_proves_its_name_on_both_sides(certificates: Certificates, service: str) -> None:
    """The same certificate serves and calls; the caller checks the name it dials, the server learns the caller's."""

    def context(purpose: ssl.Purpose, name: str) -> ssl.SSLContext:
        made = ssl.create_default_context(purpose, cafile=str(certificates.authority))
        made.load_cert_chain(certificates.certificate(name), certificates.key(name))
        made.verify_mode = ssl.CERT_REQUIRED
        return made

    near, far = socket.socketpair()
    seen: list[object] = []

    def serve() -> None:
        with context(ssl.Purpose.CLIENT_AUTH, "tenancy").wrap_socket(far, server_side=True) as server:
            sent = server.getpeercert(binary_form=True)
            assert sent is not None
            peer = x509.load_der_x509_certificate(sent)
            seen.extend(name.value for name in peer.subject.get_attributes_for_oid(NameOID.COMMON_NAME))
            names = peer.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            seen.extend(names.get_values_for_type(x509.DNSName))

    thread = threading.Thread(target=serve)
    thread.start()
    with context(ssl.Purpose.SERVER_AUTH, service).wrap_socket(near, server_hostname="tenancy"):
        thread.join()
    assert seen == [service, service, "localhost"]


PROCESSES = [*HELD]


@pytest.fixture
def platform(certificates: Certificates) -> Platform:
    return Platform(
        secrets=generate(),
        certificates=certificates,
        postgres="127.0.0.1:1",
        nats="127.0.0.1:2",
        tenancy="127.0.0.1:3",
        billing="127.0.0.1:4",
        gateway="127.0.0.1:5",
        workspace="127.0.0.1:6",
    )


def test_nothing_in_the_portals_environment_leads_to_tracking(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKING_DATABASE_URL", "postgresql://inherited")
    secrets = platform.secrets
    forbidden = [
        "tracking",
        platform.gateway,
        platform.workspace,
        secrets.key_pepper,
        *(password for role, password in secrets.roles.items() if not role.startswith("portal_")),
        *(password for user, password in secrets.nats.items() if user != "portal"),
    ]
    text = json.dumps(environment.migrating(platform, "owner-portal"))
    assert [word for word in forbidden if word in text.replace("TRACKING", "tracking")] == []


@pytest.mark.parametrize("service", SERVICES)
def test_only_migrations_get_the_owner_of_the_tables(platform: Platform, service: str) -> None:
    context = environment.context_of(service)
    owner = platform.secrets.roles[f"{context}_owner"]
    for process in PROCESSES:
        assert owner not in json.dumps(environment.serving(platform, process))
    migrating = environment.migrating(platform, service)
    assert owner in migrating[f"{context.upper()}_MIGRATION_DATABASE_URL"]
    assert secrets_in(migrating.values(), platform.secrets) == {f"{context}_owner"}


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_has_only_its_own_secrets(platform: Platform, process: str) -> None:
    made = environment.serving(platform, process)
    assert secrets_in(made.values(), platform.secrets) == HELD[process]


def test_creating_an_owner_needs_the_role_and_the_password(platform: Platform) -> None:
    made = environment.creating_owner(platform)
    assert secrets_in(made.values(), platform.secrets) == {"portal_app", "owner_password"}
