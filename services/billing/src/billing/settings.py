"""Settings from the environment, prefix BILLING_."""

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
    """What `serve` needs; `rpc_listen` is host:port."""

    model_config = SettingsConfigDict(env_prefix="BILLING_")

    rpc_listen: ListenAddress


class MigrateSettings(MigrationSettings):
    """What `migrate` needs: the owner's role, which `serve` never sees."""

    model_config = SettingsConfigDict(env_prefix="BILLING_")


class AuditSettings(DatabaseSettings):
    """What `verify-audit` needs."""

    model_config = SettingsConfigDict(env_prefix="BILLING_")
