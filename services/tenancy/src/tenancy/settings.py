"""What the service is told by its environment."""

from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import SettingsConfigDict

from servicekit.settings import (
    BusSettings,
    DatabaseSettings,
    ListenAddress,
    LogSettings,
    MigrationSettings,
    TlsSettings,
)


class Settings(LogSettings, DatabaseSettings, BusSettings, TlsSettings):
    """For `serve`."""

    model_config = SettingsConfigDict(env_prefix="TENANCY_")

    rpc_listen: ListenAddress
    key_pepper: Annotated[bytes, BeforeValidator(bytes.fromhex)] = Field(min_length=16, repr=False)


class MigrateSettings(MigrationSettings):
    """For `migrate`."""

    model_config = SettingsConfigDict(env_prefix="TENANCY_")


class AuditSettings(DatabaseSettings):
    """For `verify-audit`."""

    model_config = SettingsConfigDict(env_prefix="TENANCY_")
