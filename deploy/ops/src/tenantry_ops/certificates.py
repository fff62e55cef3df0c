"""The platform's certificate authority and one certificate per service, for mutual TLS between them.

The authority is kept and its certificate lasts for years; those of the services last for weeks and are renewed while a
third of their lifetime is left. An authority of one's own is put into the folder as `authority.pem` and `authority.key`
before the first start; below an intermediate one, `authority.pem` also holds the certificates up to its root.

`ca.pem` lists every authority that services trust. A new authority is trusted before the first certificate is signed
with it, so that services have read it by then.
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tenantry_ops.files import make_folder, write_private
from tenantry_ops.topology import OPERATOR, SERVICES

LIFETIME = datetime.timedelta(days=90)
AUTHORITY_LIFETIME = datetime.timedelta(days=3650)
TRUST_TIME = datetime.timedelta(minutes=5)  # from the moment an authority is trusted to its first signature
BACKDATED = datetime.timedelta(hours=1)  # clocks of two machines may differ
NAMES = (*SERVICES, OPERATOR)


@dataclass(frozen=True)
class Certificates:
    """The folder of the certificates."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The certificates of the authorities that services trust."""
        return self.folder / "ca.pem"

    def certificate(self, name: str) -> Path:
        """The service's certificate, for serving and for calling."""
        return self.folder / f"{name}.pem"

    def key(self, name: str) -> Path:
        """The service's private key."""
        return self.folder / f"{name}.key"

    def left(self) -> datetime.timedelta:
        """Returns how long the first certificate to expire is still valid."""
        return min(_read(self.certificate(name)).not_valid_after_utc for name in NAMES) - _now()


@dataclass(frozen=True)
class _Authority:
    """A certificate that may sign others, and its key. `issuers`: the certificates between it and its root."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    issuers: Sequence[x509.Certificate] = ()

    @classmethod
    def create(cls) -> "_Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Tenantry authority")
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        certificate = (
            _builder(name, name, key, AUTHORITY_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(identifier, critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key)

    @classmethod
    def read(cls, folder: Path, name: str) -> "_Authority | None":
        if not (folder / f"{name}.key").exists():
            return None
        key = serialization.load_pem_private_key((folder / f"{name}.key").read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{folder / name}.key must hold a key on an elliptic curve, such as P-256")
        certificate, *issuers = x509.load_pem_x509_certificates((folder / f"{name}.pem").read_bytes())
        return cls(certificate, key, issuers)

    def write(self, folder: Path, name: str) -> None:
        write_private(folder / f"{name}.key", _pem(self.key))
        write_private(folder / f"{name}.pem", _bundle([self.certificate, *self.issuers]))

    def issue(self, name: str, lifetime: datetime.timedelta) -> tuple[bytes, bytes]:
        """Returns a service's certificate and its new key, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        places = [x509.DNSName(name), x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        certificate = (
            _builder(_name(name), self.certificate.subject, key, lifetime)
            .add_extension(x509.SubjectAlternativeName(places), critical=False)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM), _pem(key)


def ensure_certificates(folder: Path, *, lifetime: datetime.timedelta = LIFETIME) -> Certificates:
    """Creates the authority and the certificates that are missing, and renews those that expire soon."""
    certificates = Certificates(make_folder(folder, 0o700))
    renew(certificates, lifetime=lifetime)
    return certificates


def renew(certificates: Certificates, *, lifetime: datetime.timedelta = LIFETIME) -> list[str]:
    """Renews the certificates of which less than a third of their `lifetime` is left; returns their services.

    May be called at any time and as often as one likes; only one process may call it at a time.
    """
    folder = certificates.folder
    authority = _Authority.read(folder, "authority")
    is_new = authority is None
    if authority is None:
        authority = _Authority.create()
        authority.write(folder, "authority")
    authority = _succeeded(authority, certificates)
    due = [name for name in NAMES if is_new or _is_due(certificates, name, lifetime)]
    for name in due:
        certificate, key = authority.issue(name, lifetime)
        write_private(certificates.key(name), key)
        write_private(certificates.certificate(name), certificate)
    return due


def _succeeded(authority: _Authority, certificates: Certificates) -> _Authority:
    """Returns the authority that signs now: the next one, once services have had time to read that they trust it."""
    folder = certificates.folder
    following = _Authority.read(folder, "next-authority")
    if following is None and _left(authority.certificate) < AUTHORITY_LIFETIME / 3 and _is_own(authority):
        following = _Authority.create()
        following.write(folder, "next-authority")
    _trust(certificates, [authority, *([following] if following else [])])
    if following is None or _now() - following.certificate.not_valid_before_utc - BACKDATED < TRUST_TIME:
        return authority
    following.write(folder, "authority")
    for suffix in ("key", "pem"):
        (folder / f"next-authority.{suffix}").unlink()
    return following


def _trust(certificates: Certificates, authorities: Sequence[_Authority]) -> None:
    """Adds the authorities to those that services trust, and removes expired ones."""
    path = certificates.authority
    known = x509.load_pem_x509_certificates(path.read_bytes()) if path.exists() else []
    trusted = {each.fingerprint(hashes.SHA256()): each for each in known if _left(each) > datetime.timedelta()}
    for authority in authorities:
        trusted |= {each.fingerprint(hashes.SHA256()): each for each in (authority.certificate, *authority.issuers)}
    bundle = _bundle(trusted.values())
    if not path.exists() or path.read_bytes() != bundle:
        write_private(path, bundle)


def _is_due(certificates: Certificates, name: str, lifetime: datetime.timedelta) -> bool:
    if not certificates.key(name).exists() or not certificates.certificate(name).exists():
        return True
    return _left(_read(certificates.certificate(name))) < lifetime / 3


def _is_own(authority: _Authority) -> bool:
    """Whether this module made it: an authority from outside is replaced by whoever issued it."""
    return authority.certificate.subject == authority.certificate.issuer == _name("Tenantry authority")


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, lifetime: datetime.timedelta
) -> x509.CertificateBuilder:
    now = _now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + lifetime)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _bundle(certificates: Iterable[x509.Certificate]) -> bytes:
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _left(certificate: x509.Certificate) -> datetime.timedelta:
    return certificate.not_valid_after_utc - _now()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
