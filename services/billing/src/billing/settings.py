"""Settings from the environment, prefix BILLING_."""

from pydantic_settings import SettingsConfigDict

from servicekit.settings import (
    BusSettings,
    DatabaseSettings,
    DrainSettings,
    ListenAddress,
    LogSettings,
    MigrationSettings,
    TlsSettings,
)


class Settings(LogSettings, DrainSettings, DatabaseSettings, BusSettings, TlsSettings):
    """Settings of `serve`; `rpc_listen` is host:port."""

    model_config = SettingsConfigDict(env_prefix="BILLING_")

    rpc_listen: ListenAddress


class MigrateSettings(MigrationSettings):
    """Settings of `migrate`: the owner's role, which `serve` does not have."""

    model_config = SettingsConfigDict(env_prefix="BILLING_")


class AuditSettings(DatabaseSettings):
    """Settings of `verify-audit`."""

    model_config = SettingsConfigDict(env_prefix="BILLING_")
