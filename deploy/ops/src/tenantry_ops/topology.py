"""Who owns which database, role and subject: the one description that all of provisioning follows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    """A login role of PostgreSQL."""

    name: str
    # Only the ingest writer skips row-level security: a group commit spans companies, and COPY is refused under it.
    bypasses_row_security: bool = False


@dataclass(frozen=True)
class Database:
    """One context's database: the owner migrates it, the others connect and get table rights from the migrations."""

    name: str
    roles: tuple[Role, ...]

    @property
    def owner(self) -> Role:
        """Owns the database and its schema; used by migrations alone."""
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

# The names services show each other in their certificates.
SERVICES = ("tenancy", "billing", "tracking", "owner-portal")
OPERATOR = "operator"
# tracking publishes the aggregate feed; gateways and the workspace only hear.
NATS_USERS = ("tenancy", "billing", "tracking", "gateway", "workspace", "portal", OPERATOR)
STREAMS = "STREAMS"  # NATS's account of all streams and of the operator


def role_names() -> list[str]:
    """Returns every role that needs a password."""
    return [role.name for database in DATABASES.values() for role in (database.owner, *database.roles)]
