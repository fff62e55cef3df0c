"""Settings that all services share. Each service subclasses them with its own prefix for the environment."""

from pathlib import Path

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from pydantic_settings import BaseSettings


class ListenAddress(str):
    """`host:port` to listen on."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema(pattern=r"^.+:\d{1,5}$"))

    @property
    def host(self) -> str:
        return self.rpartition(":")[0]

    @property
    def port(self) -> int:
        return int(self.rpartition(":")[2])


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
