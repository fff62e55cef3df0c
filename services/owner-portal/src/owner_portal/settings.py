"""Settings from the environment, prefix PORTAL_. None of them leads to anyone's employees."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from servicekit.settings import (
    BusSettings,
    DatabaseSettings,
    DrainSettings,
    ListenAddress,
    LogSettings,
    MigrationSettings,
    ProxySettings,
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


class Settings(LogSettings, DrainSettings, DatabaseSettings, BusSettings, TlsSettings, ProxySettings):
    """For `serve`. Addresses are host:port."""

    model_config = _FROM_ENVIRONMENT

    listen: ListenAddress
    tenancy_address: str
    billing_address: str
    cookie_secure: bool = True  # false only where the portal is reached without TLS, on one machine
    secret_key: str = Field(pattern=r"^[0-9a-f]{64}$", repr=False)  # seals the secrets of second factors
    totp_required: bool = False  # every owner has to set up a second factor
    step_up_minutes: int = Field(default=10, gt=0)  # how long a proof of who it is holds
    public_url: str = "http://localhost:8000"  # begins the links in e-mails
    mail_url: str = Field(default="console:", repr=False)  # see mailer/senders.py; may hold a password
    mail_from: str = "Tenantry <portal@localhost>"
