"""PostgreSQL and NATS as local processes, from wheels: without a container engine or system packages."""

from tenantry_ops.engines.base import EngineError
from tenantry_ops.engines.nats import NatsEngine, server_config
from tenantry_ops.engines.postgres import PostgresEngine

__all__ = ["EngineError", "NatsEngine", "PostgresEngine", "server_config"]
