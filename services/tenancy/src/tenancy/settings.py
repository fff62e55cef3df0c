"""Settings from the environment, prefix TENANCY_."""

from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode, SettingsConfigDict

from servicekit.settings import (
    BusSettings,
    DatabaseSettings,
    DrainSettings,
    ListenAddress,
    LogSettings,
    MigrationSettings,
    TlsSettings,
)

Secret: TypeAlias = Annotated[bytes, BeforeValidator(bytes.fromhex), Field(min_length=16)]


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


class PepperSettings(DatabaseSettings):
    """Settings of `count-keys`."""

    model_config = SettingsConfigDict(env_prefix="TENANCY_")

    key_pepper: Secret = Field(repr=False)
    old_key_peppers: Annotated[tuple[Secret, ...], NoDecode, BeforeValidator(_split)] = Field(
        default=(), validate_default=False, repr=False
    )


class Settings(LogSettings, DrainSettings, PepperSettings, BusSettings, TlsSettings):
    """Settings of `serve`."""

    model_config = SettingsConfigDict(env_prefix="TENANCY_")

    rpc_listen: ListenAddress


class MigrateSettings(MigrationSettings):
    """Settings of `migrate`."""

    model_config = SettingsConfigDict(env_prefix="TENANCY_")


class AuditSettings(DatabaseSettings):
    """Settings of `verify-audit`."""

    model_config = SettingsConfigDict(env_prefix="TENANCY_")
