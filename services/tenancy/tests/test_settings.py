"""Settings from the environment."""

import pytest
from pydantic import ValidationError

from tenancy.settings import Settings


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "DATABASE_URL": "postgresql://tenancy_app:pw1@localhost/tenancy",
        "NATS_URL": "nats://tenancy:pw2@localhost:4222",
        "TLS_CA": "/ca.pem",
        "TLS_CERT": "/cert.pem",
        "TLS_KEY": "/key.pem",
        "RPC_LISTEN": "127.0.0.1:7001",
        "KEY_PEPPER": "ab" * 32,
    }
    for name, value in values.items():
        monkeypatch.setenv(f"TENANCY_{name}", value)


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")
    settings = Settings.model_validate({})
    assert settings.rpc_listen == "127.0.0.1:7001"
    assert settings.key_pepper == bytes.fromhex("ab" * 32)
    assert settings.log_level == "debug"


def test_secrets_do_not_show() -> None:
    shown = repr(Settings.model_validate({}))
    assert not {secret for secret in ("pw1", "pw2", "abab", r"\xab") if secret in shown}


def test_old_peppers_are_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.model_validate({}).old_key_peppers == ()
    monkeypatch.setenv("TENANCY_OLD_KEY_PEPPERS", f"{'cd' * 32}, {'ef' * 16}")
    assert Settings.model_validate({}).old_key_peppers == (bytes.fromhex("cd" * 32), bytes.fromhex("ef" * 16))


@pytest.mark.parametrize("peppers", ["00" * 15, f"{'cd' * 32},not hex"])
def test_weak_old_peppers_are_refused(monkeypatch: pytest.MonkeyPatch, peppers: str) -> None:
    monkeypatch.setenv("TENANCY_OLD_KEY_PEPPERS", peppers)
    with pytest.raises(ValidationError, match="old_key_peppers"):
        Settings.model_validate({})


@pytest.mark.parametrize("pepper", ["", "00" * 15, "not hex"])
def test_a_weak_pepper_is_refused(monkeypatch: pytest.MonkeyPatch, pepper: str) -> None:
    monkeypatch.setenv("TENANCY_KEY_PEPPER", pepper)
    with pytest.raises(ValidationError, match="key_pepper"):
        Settings.model_validate({})


def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TENANCY_DATABASE_URL")
    with pytest.raises(ValidationError, match=r"database_url\s+Field required"):
        Settings.model_validate({})
