"""Settings of tracking's processes, from the environment (prefix TRACKING_). Each process reads what it needs."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

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

_PREFIX = SettingsConfigDict(env_prefix="TRACKING_")


class MigrateSettings(MigrationSettings):
    """`migrate`."""

    model_config = _PREFIX


class CommandSettings(DatabaseSettings):
    """`seed-demo`: the role that serves companies."""

    model_config = _PREFIX


class DispatchSettings(BaseSettings):
    """The dispatch role, which reads only which companies have work."""

    dispatch_database_url: str = Field(repr=False)


class MaintenanceSettings(CommandSettings, DispatchSettings):
    """`reconcile`, `recount` and `rebuild-feed`."""

    model_config = _PREFIX


class PepperSettings(BaseSettings):
    """The pepper under which tenancy computes digests and, while it is being replaced, the earlier ones, in hex."""

    key_pepper: str = Field(repr=False)
    old_key_peppers: str = Field(default="", repr=False)  # separated by commas

    def peppers(self) -> list[bytes]:
        """All peppers, newest first."""
        return [bytes.fromhex(pepper) for pepper in (self.key_pepper, *self.old_key_peppers.split(",")) if pepper]


class PictureSettings(BaseSettings):
    """Where screenshots are stored: `file:///folder`, or `s3://bucket/prefix` with the usual AWS_… variables."""

    pictures_url: str = "file:///var/lib/tenantry/pictures"


class GatewaySettings(
    LogSettings,
    DrainSettings,
    DatabaseSettings,
    BusSettings,
    TlsSettings,
    PepperSettings,
    PictureSettings,
    ProxySettings,
):
    """`gateway`: serves trackers and agents."""

    model_config = _PREFIX

    gateway_listen: ListenAddress
    gateway_workers: int = Field(default=1, ge=1)
    ingest_database_url: str = Field(repr=False)
    heartbeat_database_url: str = Field(repr=False)
    tenancy_address: str
    billing_address: str


class AggregatorSettings(LogSettings, DatabaseSettings, BusSettings, TlsSettings, DispatchSettings, PictureSettings):
    """`aggregator`: folds, publishes, ends silent sessions, removes screenshots, follows time zones."""

    model_config = _PREFIX

    fold_database_url: str = Field(repr=False)
    tenancy_address: str
    billing_address: str


class MailSettings(BaseSettings):
    """How the workspace sends mail, and the address of its links. Without it the pages say that no mail is sent."""

    workspace_url: str = "http://localhost:8090"
    mail_url: str = Field(default="", repr=False)  # see mailer/senders.py; may hold a password


class RecoverySettings(LogSettings, DatabaseSettings, TlsSettings, PepperSettings, MailSettings):
    """`recover-admin`."""

    model_config = _PREFIX

    tenancy_address: str
    billing_address: str


class WorkspaceSettings(
    LogSettings,
    DrainSettings,
    DatabaseSettings,
    BusSettings,
    TlsSettings,
    DispatchSettings,
    PepperSettings,
    PictureSettings,
    MailSettings,
    ProxySettings,
):
    """`workspace`: the pages of admins and employees."""

    model_config = _PREFIX

    workspace_listen: ListenAddress
    tenancy_address: str
    billing_address: str
    cookie_secure: bool = True
    mail_from: str = "Tenantry <workspace@localhost>"
