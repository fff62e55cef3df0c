"""Provisioning of roles, databases, users, streams and consumers, which services need before they start."""

from tenantry_ops.provision.nats import provision_nats
from tenantry_ops.provision.nats_users import authorization
from tenantry_ops.provision.postgres import create_database, drop_database, provision_postgres

__all__ = ["authorization", "create_database", "drop_database", "provision_nats", "provision_postgres"]
