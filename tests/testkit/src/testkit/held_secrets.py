"""The secrets that each process may have: PostgreSQL roles, NATS users and keys, by their names in Secrets."""

from collections.abc import Iterable

from tenantry_ops.secrets import Secrets

HELD = {
    "tenancy": {"tenancy_app", "nats:tenancy", "key_pepper"},
    "billing": {"billing_app", "nats:billing"},
    "gateway": {"tracking_app", "tracking_ingest", "tracking_heartbeat", "nats:gateway", "key_pepper"},
    "aggregator": {"tracking_app", "tracking_dispatch", "tracking_fold", "nats:tracking"},
    "workspace": {"tracking_app", "tracking_dispatch", "nats:workspace", "key_pepper"},
    "maintenance": {"tracking_app", "tracking_dispatch"},
    "seed-demo": {"tracking_app"},
    "owner-portal": {"portal_app", "nats:portal", "portal_secret_key"},
}


def secrets_in(values: Iterable[str], secrets: Secrets) -> set[str]:
    """Returns the names of the platform's secrets that the values contain, regardless of the variables' names."""
    keys = ("key_pepper", "portal_secret_key", "owner_password")
    named = {
        **secrets.roles,
        **{f"nats:{user}": password for user, password in secrets.nats.items()},
        **{key: getattr(secrets, key) for key in keys},
    }
    text = "\n".join(values)
    return {name for name, secret in named.items() if secret in text}
