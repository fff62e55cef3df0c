"""The platform's secrets, generated once and stored in one file with mode 600."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from tenantry_ops.files import write_private
from tenantry_ops.topology import NATS_USERS, role_names

OWNER_EMAIL = "owner@tenantry.example"


@dataclass(frozen=True)
class Secrets:
    """Passwords and keys. All are URL-safe, so that connection URLs can contain them unchanged."""

    roles: dict[str, str]  # PostgreSQL role -> password
    nats: dict[str, str]  # NATS user -> password
    key_pepper: str  # 64 hex digits; without it company keys no longer work
    portal_secret_key: str  # 64 hex digits; without it owners' second factors no longer work
    owner_email: str
    owner_password: str


def generate() -> Secrets:
    """Returns fresh secrets."""
    return Secrets(
        roles={name: secrets.token_urlsafe(24) for name in role_names()},
        nats={name: secrets.token_urlsafe(24) for name in NATS_USERS},
        key_pepper=secrets.token_hex(32),
        portal_secret_key=secrets.token_hex(32),
        owner_email=OWNER_EMAIL,
        owner_password=secrets.token_urlsafe(12),
    )


def load_or_generate(path: Path) -> Secrets:
    """Returns the secrets in the file; creates it if it is missing, and adds secrets that a newer version needs."""
    fresh = generate()
    kept = json.loads(path.read_text()) if path.exists() else {}
    merged = Secrets(
        roles=fresh.roles | kept.get("roles", {}),
        nats=fresh.nats | kept.get("nats", {}),
        key_pepper=kept.get("key_pepper", fresh.key_pepper),
        portal_secret_key=kept.get("portal_secret_key", fresh.portal_secret_key),
        owner_email=kept.get("owner_email", fresh.owner_email),
        owner_password=kept.get("owner_password", fresh.owner_password),
    )
    if asdict(merged) != kept:
        write_private(path, json.dumps(asdict(merged), indent=2) + "\n")
    return merged
