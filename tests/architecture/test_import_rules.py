"""The rules of .importlinter hold, and each of them catches the import that it is there to catch."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path

import pytest

# Contract, module that gets an import it must not have, the import.
BREACHES = [
    ("layers", "tenancy/domain/company.py", "import tenancy.store.companies"),
    ("layers", "tenancy/store/clock.py", "import tenancy.application.get_company"),
    ("layers", "billing/application/start_trial.py", "import billing.feed.published"),
    ("layers", "billing/feed/published.py", "import billing.api.messages"),
    ("layers", "tracking/application/take_upload.py", "import tracking.clients.tenancy"),
    ("layers", "tracking/clients/tenancy.py", "import tracking.feed.outgoing"),
    ("layers", "owner_portal/usage/rules/days.py", "import owner_portal.settings"),
    ("layers", "owner_portal/helpers.py", "import owner_portal.domain.usage"),  # a module beside the layers
    ("settings", "tracking/application/log_in.py", "import tracking.settings"),
    ("services", "owner_portal/clients/timestamps.py", "import tracking.domain.days"),
    ("services", "billing/feed/consumed.py", "import tenancy.feed.events"),
    ("contracts", "tracking/application/fold_company.py", "import contracts.tracking.v1.usage_pb2"),
    ("contracts", "owner_portal/companies/pages/keys.py", "import contracts.tenancy.v1.keys_pb2"),
    ("contracts", "tenancy/store/companies.py", "import contracts.tenancy.v1.tenancy_pb2"),
    ("blindness", "owner_portal/companies/client/companies.py", "import contracts.tracking.v1.usage_pb2"),
    ("blindness", "tenancy/feed/events.py", "import contracts.tracking.v1.usage_pb2"),
    ("domain", "owner_portal/usage/rules.py", "import contracts.tracking.v1.usage_pb2"),
    ("domain", "tracking/domain/timeline.py", "import sqlalchemy"),
    ("domain", "billing/domain/plan.py", "import servicekit.bus"),  # which imports nats
    ("transport", "owner_portal/owners/use_cases/sweep.py", "import fastapi"),
    ("transport", "tenancy/store/keys.py", "import grpc"),
    ("servicekit", "servicekit/outbox.py", "import contracts.tenancy.v1.events_pb2"),
    ("servicekit", "servicekit/ids.py", "import tracking.domain.days"),
    ("audit-chain", "audit_chain/chain.py", "import servicekit.errors"),
    ("audit-chain", "audit_chain/hashing.py", "import sqlalchemy"),
    ("credentials", "credentials/tokens.py", "import servicekit.database"),
    ("mailer", "mailer/queue.py", "import owner_portal.owners.rules.accounts"),
    ("text-rules", "text_rules/lines.py", "import sqlalchemy"),
    ("production", "tracking/maintenance.py", "import tracker_client"),
    ("production", "owner_portal/main.py", "import testkit"),
    ("tools", "tenantry_ops/demo/seed.py", "import tracking.maintenance"),
    ("simulator", "tracker_client/client.py", "import tenantry_ops.home"),
]


@pytest.fixture(scope="module")
def tree(root: Path, tmp_path_factory: pytest.TempPathFactory, distributions: list) -> Path:
    """A copy of all packages beside the rules; Python finds it before what is installed."""
    folder = tmp_path_factory.mktemp("tree")
    for distribution in distributions:
        for package in distribution.packages:
            shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / ".importlinter", folder)
    return folder


@contextmanager
def appended(module: Path, statement: str) -> Iterator[None]:
    """The module has one more line, or exists at all, as long as the block."""
    before = module.read_text() if module.exists() else None
    module.write_text(f"{before or ''}\n{statement}\n")
    yield
    if before is None:
        module.unlink()
    else:
        module.write_text(before)


def lint(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache", *arguments]
    environment = os.environ | {"PYTHONPATH": str(tree), "NO_COLOR": "1"}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def rules(root: Path) -> dict[str, str]:
    """Contract id to name."""
    parser = ConfigParser()
    parser.read(root / ".importlinter")
    prefix = "importlinter:contract:"
    return {name.removeprefix(prefix): parser[name]["name"] for name in parser.sections() if name.startswith(prefix)}


def test_all_rules_hold(tree: Path) -> None:
    result = lint(tree)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("contract", "module", "statement"), BREACHES)
def test_a_breach_is_caught(root: Path, tree: Path, contract: str, module: str, statement: str) -> None:
    with appended(tree / module, statement):
        result = lint(tree, "--contract", contract)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{rules(root)[contract]} BROKEN" in result.stdout


def test_every_package_is_under_the_rules(root: Path, distributions: list) -> None:
    parser = ConfigParser()
    parser.read(root / ".importlinter")
    packages = {package.name for distribution in distributions for package in distribution.packages}
    assert set(parser["importlinter"]["root_packages"].split()) == packages


def test_each_rule_has_a_breach(root: Path) -> None:
    assert {contract for contract, _, _ in BREACHES} == rules(root).keys()
