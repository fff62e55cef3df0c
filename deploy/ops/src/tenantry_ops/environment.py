"""The environment of each process, with only the settings that it reads."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tenantry_ops.certificates import Certificates
from tenantry_ops.processes import SHIFTED_CLOCK
from tenantry_ops.secrets import Secrets

# Variables that any process needs; the rest of the caller's environment is not passed on.
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", *SHIFTED_CLOCK)


@dataclass(frozen=True)
class Platform:
    """Addresses (host:port), secrets and files of a platform."""

    secrets: Secrets
    certificates: Certificates
    postgres: str
    nats: str
    tenancy: str
    billing: str
    gateway: str = "127.0.0.1:8080"
    workspace: str = "127.0.0.1:8090"
    portal: str = "127.0.0.1:8000"
    pictures: str = "file:///var/lib/tenantry/pictures"
    gateway_workers: int = 1
    cookie_secure: bool = True
    mail: Path | None = None  # the folder for e-mails; without one the portal logs them and the workspace sends none
    log_level: str = "INFO"
    drain_seconds: float = 0.0  # nothing before the processes distributes their calls
    # Context -> name of its database, if it differs from the context's name (each test module has its own).
    databases: Mapping[str, str] = field(default_factory=dict)

    def database_url(self, role: str, context: str) -> str:
        """Returns the URL of a context's database for a role."""
        name = self.databases.get(context, context)
        return f"postgresql://{role}:{self.secrets.roles[role]}@{self.postgres}/{name}"

    def nats_url(self, user: str) -> str:
        """Returns the URL of NATS for a user."""
        return f"nats://{user}:{self.secrets.nats[user]}@{self.nats}"


def serving(platform: Platform, process: str) -> dict[str, str]:
    """Returns the environment of a process.

    `process` is tenancy, billing or owner-portal, or a process of tracking: gateway, aggregator, workspace, maintenance
    (the operator's commands), seed-demo.
    """
    settings = {
        "tenancy": _tenancy,
        "billing": _billing,
        "gateway": _gateway,
        "aggregator": _aggregator,
        "workspace": _workspace,
        "maintenance": _maintenance,
        "seed-demo": _seed_demo,
        "owner-portal": _portal,
    }[process](platform)
    return machine(platform) | settings


def migrating(platform: Platform, service: str) -> dict[str, str]:
    """Returns the environment of a service's `migrate`: only the database URL of the tables' owner."""
    context = context_of(service)
    owner_url = platform.database_url(f"{context}_owner", context)
    return machine(platform) | {f"{context.upper()}_MIGRATION_DATABASE_URL": owner_url}


def creating_owner(platform: Platform) -> dict[str, str]:
    """Returns the environment of the portal's `create-owner`."""
    return machine(platform) | {
        "PORTAL_DATABASE_URL": platform.database_url("portal_app", "portal"),
        "PORTAL_OWNER_PASSWORD": platform.secrets.owner_password,
    }


def _tenancy(platform: Platform) -> dict[str, str]:
    return _common(platform, "tenancy") | {
        "TENANCY_RPC_LISTEN": platform.tenancy,
        "TENANCY_KEY_PEPPER": platform.secrets.key_pepper,
    }


def _billing(platform: Platform) -> dict[str, str]:
    return _common(platform, "billing") | {"BILLING_RPC_LISTEN": platform.billing}


def _gateway(platform: Platform) -> dict[str, str]:
    return _common(platform, "tracking", user="gateway") | {
        "TRACKING_GATEWAY_LISTEN": platform.gateway,
        "TRACKING_GATEWAY_WORKERS": str(platform.gateway_workers),
        "TRACKING_INGEST_DATABASE_URL": platform.database_url("tracking_ingest", "tracking"),
        "TRACKING_HEARTBEAT_DATABASE_URL": platform.database_url("tracking_heartbeat", "tracking"),
        "TRACKING_TENANCY_ADDRESS": platform.tenancy,
        "TRACKING_BILLING_ADDRESS": platform.billing,
        "TRACKING_KEY_PEPPER": platform.secrets.key_pepper,
        "TRACKING_PICTURES_URL": platform.pictures,
    }


def _aggregator(platform: Platform) -> dict[str, str]:
    return _common(platform, "tracking") | {
        "TRACKING_DISPATCH_DATABASE_URL": platform.database_url("tracking_dispatch", "tracking"),
        "TRACKING_FOLD_DATABASE_URL": platform.database_url("tracking_fold", "tracking"),
        "TRACKING_TENANCY_ADDRESS": platform.tenancy,
        "TRACKING_BILLING_ADDRESS": platform.billing,
        "TRACKING_PICTURES_URL": platform.pictures,
    }


def _workspace(platform: Platform) -> dict[str, str]:
    return (
        _mail(platform)
        | _common(platform, "tracking", user="workspace")
        | {
            "TRACKING_WORKSPACE_LISTEN": platform.workspace,
            "TRACKING_DISPATCH_DATABASE_URL": platform.database_url("tracking_dispatch", "tracking"),
            "TRACKING_TENANCY_ADDRESS": platform.tenancy,
            "TRACKING_BILLING_ADDRESS": platform.billing,
            "TRACKING_KEY_PEPPER": platform.secrets.key_pepper,
            "TRACKING_PICTURES_URL": platform.pictures,
            "TRACKING_COOKIE_SECURE": str(platform.cookie_secure).lower(),
        }
    )


def _mail(platform: Platform) -> dict[str, str]:
    mail = {"TRACKING_MAIL_URL": platform.mail.as_uri()} if platform.mail else {}
    return mail | {"TRACKING_WORKSPACE_URL": f"http://{platform.workspace}"}


def _maintenance(platform: Platform) -> dict[str, str]:
    dispatch_url = platform.database_url("tracking_dispatch", "tracking")
    return _seed_demo(platform) | {"TRACKING_DISPATCH_DATABASE_URL": dispatch_url}


def _seed_demo(platform: Platform) -> dict[str, str]:
    return {"TRACKING_DATABASE_URL": platform.database_url("tracking_app", "tracking")}


def _portal(platform: Platform) -> dict[str, str]:
    mail = {"PORTAL_MAIL_URL": platform.mail.as_uri()} if platform.mail else {}
    return (
        _common(platform, "owner-portal")
        | mail
        | {
            "PORTAL_LISTEN": platform.portal,
            "PORTAL_PUBLIC_URL": f"http://{platform.portal}",
            "PORTAL_TENANCY_ADDRESS": platform.tenancy,
            "PORTAL_BILLING_ADDRESS": platform.billing,
            "PORTAL_COOKIE_SECURE": str(platform.cookie_secure).lower(),
            "PORTAL_SECRET_KEY": platform.secrets.portal_secret_key,
        }
    )


def _common(platform: Platform, service: str, *, user: str | None = None) -> dict[str, str]:
    """`user`: the NATS user, if it differs from the context's name."""
    context = context_of(service)
    prefix = context.upper()
    certificates = platform.certificates
    return {
        f"{prefix}_DATABASE_URL": platform.database_url(f"{context}_app", context),
        f"{prefix}_NATS_URL": platform.nats_url(user or context),
        f"{prefix}_TLS_CA": str(certificates.authority),
        f"{prefix}_TLS_CERT": str(certificates.certificate(service)),
        f"{prefix}_TLS_KEY": str(certificates.key(service)),
    }


def machine(platform: Platform) -> dict[str, str]:
    """Returns the variables of every process."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return inherited | {"LOG_LEVEL": platform.log_level, "DRAIN_SECONDS": f"{platform.drain_seconds:g}"}


def context_of(service: str) -> str:
    """Returns the context's name in databases, roles, users and prefixes; `owner-portal` is `portal` there."""
    return "portal" if service == "owner-portal" else service
