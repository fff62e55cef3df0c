"""Settings that all services share. Each service subclasses them with its own prefix for the environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints
from pydantic_settings import BaseSettings

ListenAddress = Annotated[str, StringConstraints(pattern=r"^.+:\d{1,5}$")]
"""`host:port` to listen on."""


class LogSettings(BaseSettings):
    """How much a process tells; the same variable for all services."""

    log_level: str = Field(default="INFO", validation_alias="LOG_LEVEL")


class DatabaseSettings(BaseSettings):
    """Where the service's rows are. URLs hold passwords: they never show in a repr."""

    database_url: str = Field(repr=False)


class MigrationSettings(BaseSettings):
    """The role that owns the tables: known to the migrate command alone."""

    migration_database_url: str = Field(repr=False)


class BusSettings(BaseSettings):
    """The event bus: nats://user:password@host:port."""

    nats_url: str = Field(repr=False)


class TlsSettings(BaseSettings):
    """This service's identity towards the others: files in PEM."""

    tls_ca: Path
    tls_cert: Path
    tls_key: Path


class ProxySettings(BaseSettings):
    """For a process that may stand behind a reverse proxy."""

    trusted_proxies: str = ""  # addresses or networks, separated by commas, whose X-Forwarded headers are believed

    @property
    def proxies(self) -> tuple[str, ...]:
        """Each of them."""
        return tuple(part.strip() for part in self.trusted_proxies.split(",") if part.strip())
