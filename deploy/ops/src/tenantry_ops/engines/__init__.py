"""PostgreSQL and NATS as processes of this machine, from wheels: no container engine, no system packages."""

from tenantry_ops.engines.base import EngineError
from tenantry_ops.engines.nats import NatsEngine, server_config
from tenantry_ops.engines.postgres import PostgresEngine

__all__ = ["EngineError", "NatsEngine", "PostgresEngine", "server_config"]
