"""A short-lived certificate authority and one certificate per service, for mutual TLS between them."""

import datetime
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography import x509

from tenantry_ops.files import make_folder, write_private
from tenantry_ops.topology import OPERATOR, SERVICES

RENEW_BEFORE = datetime.timedelta(days=30)
LIFETIME = datetime.timedelta(days=365)


@dataclass(frozen=True)
class Certificates:
    """The folder of the certificates. The authority's own key is never stored, so nobody can sign further ones."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The certificate that services trust."""
        return self.folder / "ca.pem"

    def certificate(self, name: str) -> Path:
        """The service's certificate, for serving and for calling."""
        return self.folder / f"{name}.pem"

    def key(self, name: str) -> Path:
        """The service's private key."""
        return self.folder / f"{name}.key"


def ensure_certificates(folder: Path) -> Certificates:
    """Creates all certificates if one is missing or expires within 30 days."""
    certificates = Certificates(make_folder(folder, 0o700))
    names = (*SERVICES, OPERATOR)
    files = [certificates.authority, *map(certificates.certificate, names), *map(certificates.key, names)]
    if not all(file.exists() for file in files) or any(map(_ends_soon, map(certificates.certificate, names))):
        _issue(certificates, names)
    return certificates


def _issue(certificates: Certificates, names: tuple[str, ...]) -> None:
    authority = trustme.CA()
    write_private(certificates.authority, authority.cert_pem.bytes())
    ends = datetime.datetime.now(datetime.UTC) + LIFETIME
    for name in names:
        leaf = authority.issue_cert(name, "localhost", "127.0.0.1", common_name=name, not_after=ends)
        write_private(certificates.certificate(name), b"".join(part.bytes() for part in leaf.cert_chain_pems))
        write_private(certificates.key(name), leaf.private_key_pem.bytes())


def _ends_soon(path: Path) -> bool:
    ends = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    return ends - datetime.datetime.now(datetime.UTC) < RENEW_BEFORE
