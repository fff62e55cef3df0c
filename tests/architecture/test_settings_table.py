"""docs/operations.md lists every setting of every process: name, default and reading commands."""

import importlib
import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

# Settings class to the commands that read it.
READERS = {
    "tenancy": {
        "Settings": "serve",
        "MigrateSettings": "migrate",
        "AuditSettings": "verify-audit",
        "PepperSettings": "count-keys",
    },
    "billing": {"Settings": "serve", "MigrateSettings": "migrate", "AuditSettings": "verify-audit"},
    "tracking": {
        "GatewaySettings": "gateway",
        "AggregatorSettings": "aggregator",
        "WorkspaceSettings": "workspace",
        "MigrateSettings": "migrate",
        "MaintenanceSettings": "reconcile, recount, rebuild-feed, sign-ins",
        "CommandSettings": "seed-demo",
        "RecoverySettings": "recover-admin",
    },
    "owner_portal": {
        "Settings": "serve",
        "Migration": "migrate",
        "Database": "create-owner, sign-ins",
        "Rebuild": "rebuild",
    },
}

Table = dict[str, tuple[str, set[str]]]
"""Variable to its default (or "required") and the commands that read it."""


def variables(settings: type[BaseSettings]) -> dict[str, str]:
    prefix = settings.model_config.get("env_prefix", "")
    return {
        str(field.validation_alias or f"{prefix}{name.upper()}"): (
            "required" if field.default is PydanticUndefined else str(field.default).lower().strip("()") or "empty"
        )
        for name, field in settings.model_fields.items()
    }


def declared(service: str) -> Table:
    table: Table = {}
    module = importlib.import_module(f"{service}.settings")
    for name, commands in READERS[service].items():
        for variable, default in variables(getattr(module, name)).items():
            readers = table.setdefault(variable, (default, set()))[1]
            readers.update(commands.split(", "))
    return table


def documented(text: str, service: str) -> Table:
    section = text.partition(f"### {service.replace('_', '-')}\n")[2].partition("\n##")[0]
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| (.+?) \|", section, re.MULTILINE)
    return {name: (default.strip("`").lower(), set(readers.split(", "))) for name, default, readers in rows}


@pytest.mark.parametrize("service", READERS)
def test_the_table_matches_the_classes(service: str, root: Path) -> None:
    assert documented((root / "docs/operations.md").read_text(), service) == declared(service)


@pytest.mark.parametrize("service", READERS)
def test_every_settings_class_has_a_reader(service: str) -> None:
    module = importlib.import_module(f"{service}.settings")
    own = {
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, BaseSettings) and value.model_config.get("env_prefix")
    }
    assert own == READERS[service].keys()


def test_a_wrong_row_is_recognised() -> None:
    text = "### billing\n\n| `BILLING_NATS_URL` | `x` | serve | … |\n\n### tracking\n| `B` | required | gateway | … |\n"
    assert documented(text, "billing") == {"BILLING_NATS_URL": ("x", {"serve"})}
    assert documented(text, "billing") != declared("billing")
