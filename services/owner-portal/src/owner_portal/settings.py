"""Settings from the environment, prefix PORTAL_. None of them leads to anyone's employees."""

from pydantic_settings import SettingsConfigDict

from servicekit.settings import (
    BusSettings,
    DatabaseSettings,
    ListenAddress,
    LogSettings,
    MigrationSettings,
    TlsSettings,
)

_FROM_ENVIRONMENT = SettingsConfigDict(env_prefix="PORTAL_")


class Migration(MigrationSettings):
    """For `migrate`."""

    model_config = _FROM_ENVIRONMENT


class Database(DatabaseSettings):
    """For `create-owner`."""

    model_config = _FROM_ENVIRONMENT


class Rebuild(DatabaseSettings, BusSettings):
    """For `rebuild`."""

    model_config = _FROM_ENVIRONMENT


class Settings(LogSettings, DatabaseSettings, BusSettings, TlsSettings):
    """For `serve`. Addresses are host:port."""

    model_config = _FROM_ENVIRONMENT

    listen: ListenAddress
    tenancy_address: str
    billing_address: str
    cookie_secure: bool = True  # false only where the portal is reached without TLS, on one machine
