"""Certificates are renewed before they expire, by an authority that is kept, succeeded in time, or one's own."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store

from tenantry_ops import certificates as module
from tenantry_ops.certificates import AUTHORITY_LIFETIME, LIFETIME, NAMES, Certificates, ensure_certificates, renew


class Calendar:
    """The clock that certificates are made and judged by."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def go_on(self, time: timedelta) -> None:
        self.now += time


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    calendar = Calendar()
    monkeypatch.setattr(module, "_now", lambda: calendar.now)
    return calendar


@pytest.fixture
def made(calendar: Calendar, tmp_path: Path) -> Certificates:  # noqa: ARG001 - they are made at its time
    return ensure_certificates(tmp_path / "certificates")


def certificate(made: Certificates, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(made.certificate(name).read_bytes())


def trusted(made: Certificates) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(made.authority.read_bytes())


def is_accepted(made: Certificates, name: str, authorities: list[x509.Certificate], now: datetime) -> bool:
    """Whether a peer that trusts these authorities accepts the service's certificate."""
    verifier = PolicyBuilder().store(Store(authorities)).time(now).build_server_verifier(x509.DNSName(name))
    try:
        verifier.verify(certificate(made, name), [])
    except x509.verification.VerificationError:
        return False
    return True


def test_each_service_is_accepted_under_its_own_name(made: Certificates, calendar: Calendar) -> None:
    for name in NAMES:
        assert is_accepted(made, name, trusted(made), calendar.now)
        [common_name] = certificate(made, name).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        assert common_name.value == name


def test_they_are_renewed_while_a_third_of_their_time_is_left(made: Certificates, calendar: Calendar) -> None:
    authority = made.authority.read_bytes()
    calendar.go_on(LIFETIME * 0.6)
    assert renew(made) == []
    calendar.go_on(LIFETIME * 0.1)
    assert renew(made) == list(NAMES)
    assert renew(made) == []
    assert made.left() > LIFETIME * 0.99
    assert made.authority.read_bytes() == authority, "nobody has to trust another authority"


def test_only_what_is_missing_is_made(made: Certificates) -> None:
    made.key("billing").unlink()
    assert renew(made) == ["billing"]


def test_a_new_authority_is_trusted_before_it_signs(made: Certificates, calendar: Calendar) -> None:
    [first] = trusted(made)
    calendar.go_on(AUTHORITY_LIFETIME * 0.7)
    renew(made)
    both = trusted(made)
    assert first in both
    assert len(both) == 2
    assert is_accepted(made, "tenancy", [first], calendar.now), "whoever has not read ca.pem yet accepts it"
    calendar.go_on(module.TRUST_TIME + timedelta(seconds=1))
    renew(made)
    made.certificate("tenancy").unlink()
    renew(made)
    [second] = [each for each in both if each != first]
    assert is_accepted(made, "tenancy", [second], calendar.now)
    assert not is_accepted(made, "tenancy", [first], calendar.now)
    assert trusted(made) == both, "certificates of the first one are still in use"
    calendar.go_on(AUTHORITY_LIFETIME * 0.35)
    renew(made)
    assert first not in trusted(made), "it has expired"
    assert all(is_accepted(made, name, trusted(made), calendar.now) for name in NAMES)


def test_a_century_passes(made: Certificates, calendar: Calendar) -> None:
    for _ in range(100 * 12):
        calendar.go_on(timedelta(days=30))
        renew(made)
        assert all(is_accepted(made, name, trusted(made), calendar.now) for name in NAMES)
        assert len(trusted(made)) <= 2


def test_an_authority_of_ones_own_signs_and_is_not_replaced(tmp_path: Path, calendar: Calendar) -> None:
    root, root_key = authority("Root of a company", None, calendar.now)
    middle, middle_key = authority("Intermediate of a company", (root, root_key), calendar.now)
    folder = tmp_path / "certificates"
    folder.mkdir()
    pem = serialization.Encoding.PEM
    (folder / "authority.pem").write_bytes(middle.public_bytes(pem) + root.public_bytes(pem))
    (folder / "authority.key").write_bytes(
        middle_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    made = ensure_certificates(folder)
    assert certificate(made, "billing").issuer == middle.subject
    assert trusted(made) == [middle, root]
    calendar.go_on(timedelta(days=300))
    renew(made)
    assert not (folder / "next-authority.pem").exists(), "whoever issued it issues the next one"
    assert (folder / "authority.pem").read_bytes().startswith(middle.public_bytes(pem))


def authority(
    name: str, issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None, now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(issuer[1] if issuer else key, hashes.SHA256())
    )
    return built, key
