"""Settings that all services share. Each service subclasses them with its own environment prefix."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints
from pydantic_settings import BaseSettings

ListenAddress = Annotated[str, StringConstraints(pattern=r"^.+:\d{1,5}$")]
"""`host:port` to listen on."""


class LogSettings(BaseSettings):
    """The log level; the same variable for all services."""

    log_level: str = Field(default="INFO", validation_alias="LOG_LEVEL")


class DrainSettings(BaseSettings):
    """How long a process serves on after SIGTERM, with `/readyz` at 503; the same variable for all services."""

    drain_seconds: float = Field(default=5.0, ge=0, le=600, validation_alias="DRAIN_SECONDS")


class DatabaseSettings(BaseSettings):
    """The service's database. The URL contains a password and therefore never appears in a repr."""

    database_url: str = Field(repr=False)


class MigrationSettings(BaseSettings):
    """The role that owns the tables; only the migrate command knows it."""

    migration_database_url: str = Field(repr=False)


class BusSettings(BaseSettings):
    """The event bus: nats://user:password@host:port."""

    nats_url: str = Field(repr=False)


class TlsSettings(BaseSettings):
    """The service's identity for mutual TLS, as PEM files."""

    tls_ca: Path
    tls_cert: Path
    tls_key: Path


class ProxySettings(BaseSettings):
    """For processes that may run behind a reverse proxy."""

    trusted_proxies: str = ""  # addresses or networks, separated by commas, whose X-Forwarded headers are trusted

    @property
    def proxies(self) -> tuple[str, ...]:
        """The trusted proxies, one each."""
        return tuple(part.strip() for part in self.trusted_proxies.split(",") if part.strip())
