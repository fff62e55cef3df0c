"""The owners of databases, roles and subjects; provisioning is derived from this description."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    """A login role of PostgreSQL."""

    name: str
    # Only the ingest writer bypasses row-level security: a group commit spans companies, and COPY is refused under it.
    bypasses_row_security: bool = False


@dataclass(frozen=True)
class Database:
    """A context's database. The owner migrates it; the other roles connect and get table rights from the migrations."""

    name: str
    roles: tuple[Role, ...]

    @property
    def owner(self) -> Role:
        """The owner of the database and its schema; only migrations use it."""
        return Role(f"{self.name}_owner")


DATABASES = {
    database.name: database
    for database in (
        Database("tenancy", (Role("tenancy_app"),)),
        Database("billing", (Role("billing_app"),)),
        Database(
            "tracking",
            (
                Role("tracking_app"),
                Role("tracking_ingest", bypasses_row_security=True),
                Role("tracking_dispatch"),
                Role("tracking_fold"),
                Role("tracking_heartbeat"),
            ),
        ),
        Database("portal", (Role("portal_app"),)),
    )
}

# The names in the services' certificates.
SERVICES = ("tenancy", "billing", "tracking", "owner-portal")
OPERATOR = "operator"
# tracking publishes the aggregate feed; gateways and the workspace only subscribe.
NATS_USERS = ("tenancy", "billing", "tracking", "gateway", "workspace", "portal", OPERATOR)
STREAMS = "STREAMS"  # the NATS account of all streams and of the operator


def role_names() -> list[str]:
    """Returns every role that needs a password."""
    return [role.name for database in DATABASES.values() for role in (database.owner, *database.roles)]
