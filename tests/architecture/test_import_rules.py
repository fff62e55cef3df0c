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

from tests.architecture.conftest import Distribution

# Contract, module that gets an import it must not have, the import.
BREACHES = [
    ("features-billing", "billing/subscriptions/use_cases/lifecycle.py", "import billing.payments.store"),
    ("features-billing", "billing/plans/rules.py", "import billing.subscriptions.rules.subscription"),
    ("features-billing", "billing/invoices/store.py", "import billing.limits.store"),
    ("features-billing", "billing/exports.py", "import billing.plans.rules"),  # a module beside the features
    ("layers-billing", "billing/plans/rules.py", "import billing.plans.store"),
    ("layers-billing", "billing/subscriptions/use_cases/periods.py", "import billing.subscriptions.messages"),
    ("layers-billing", "billing/subscriptions/store/history.py", "import billing.subscriptions.use_cases.queries"),
    ("layers-billing", "billing/payments/client.py", "import billing.payments.rpc"),
    ("features-tenancy", "tenancy/companies/use_cases.py", "import tenancy.keys.store.keys"),
    ("features-tenancy", "tenancy/keys/use_cases.py", "import tenancy.policies.store"),
    ("features-tenancy", "tenancy/audit/rules.py", "import tenancy.actions.rules"),
    ("layers-tenancy", "tenancy/companies/rules/company.py", "import tenancy.companies.store"),
    ("layers-tenancy", "tenancy/sync/store.py", "import tenancy.sync.use_cases"),
    ("layers-tenancy", "tenancy/keys/use_cases.py", "import tenancy.keys.rpc"),
    ("features-tracking", "tracking/tasks/use_cases/tasks.py", "import tracking.reports.store"),
    ("features-tracking", "tracking/access/client/tenancy.py", "import tracking.devices.use_cases.key_use"),
    ("features-tracking", "tracking/totals/use_cases.py", "import tracking.checking.use_cases.recount"),
    ("features-tracking", "tracking/helpers.py", "import tracking.clock.rules.days"),  # a module beside the features
    ("layers-tracking", "tracking/reports/store.py", "import tracking.reports.use_cases"),
    ("layers-tracking", "tracking/sessions/rules.py", "import tracking.sessions.store.sessions"),
    ("layers-tracking", "tracking/team/use_cases/edit_employee.py", "import tracking.team.pages.accounts"),
    ("layers-tracking", "tracking/tasks/helpers.py", "import tracking.tasks.store"),  # a module beside the layers
    (
        "layers-tracking-ingest",
        "tracking/ingest/fastpath/store/packing.py",
        "import tracking.ingest.use_cases.group_commit",
    ),
    ("layers-tracking-ingest", "tracking/ingest/api/desktop.py", "import tracking.ingest.fastpath.api.protocol"),
    ("layers-tracking-ingest", "tracking/ingest/rules/rows.py", "import tracking.ingest.store.records"),
    ("settings", "tracking/sign_in/use_cases/log_in.py", "import tracking.settings"),
    ("services", "billing/subscriptions/worker.py", "import tenancy.events.messages"),
    ("contracts", "tracking/totals/use_cases.py", "import contracts.tracking.v1.usage_pb2"),
    ("contracts", "tenancy/companies/store.py", "import contracts.tenancy.v1.tenancy_pb2"),
    ("blindness", "tenancy/events/messages.py", "import contracts.tracking.v1.usage_pb2"),
    ("domain", "tracking/totals/rules/timeline.py", "import sqlalchemy"),
    ("domain", "billing/plans/rules.py", "import servicekit.bus"),  # which imports nats
    ("transport", "tracking/sessions/use_cases/lifecycle.py", "import fastapi"),
    ("transport", "tracking/company/store/levels.py", "import nats"),
    ("transport", "tenancy/keys/store/keys.py", "import grpc"),
    ("features-owner-portal", "owner_portal/plans/pages.py", "import owner_portal.companies.rules.keys"),
    ("features-owner-portal", "owner_portal/web/errors.py", "import owner_portal.owners.pages.guard"),
    ("features-owner-portal", "owner_portal/usage/use_cases/days.py", "import owner_portal.directory.store.changes"),
    ("features-owner-portal", "owner_portal/reports/pages/charts.py", "import owner_portal.dashboard.rules.totals"),
    ("features-owner-portal", "owner_portal/usage/rules.py", "import owner_portal.main"),
    ("features-owner-portal", "owner_portal/helpers.py", "import owner_portal.usage.rules"),  # a module beside them
    ("layers-owner-portal", "owner_portal/alerts/rules/silence.py", "import owner_portal.alerts.store.evaluation"),
    ("layers-owner-portal", "owner_portal/plans/store.py", "import owner_portal.plans.use_cases"),
    ("layers-owner-portal", "owner_portal/directory/use_cases.py", "import owner_portal.directory.worker"),
    ("layers-owner-portal", "owner_portal/audit/client.py", "import owner_portal.audit.pages"),
    ("layers-owner-portal", "owner_portal/usage/helpers.py", "import owner_portal.usage.rules"),  # not a layer
    ("services", "owner_portal/clients/timestamps.py", "import tracking.clock.rules.days"),
    ("contracts", "owner_portal/companies/pages/keys.py", "import contracts.tenancy.v1.keys_pb2"),
    ("blindness", "owner_portal/companies/client.py", "import contracts.tracking.v1.usage_pb2"),
    ("domain", "owner_portal/usage/rules.py", "import contracts.tracking.v1.usage_pb2"),
    ("transport", "owner_portal/owners/use_cases/sweep.py", "import fastapi"),
    ("transport", "owner_portal/plans/store.py", "import jinja2"),
    ("servicekit", "servicekit/outbox.py", "import contracts.tenancy.v1.events_pb2"),
    ("servicekit", "servicekit/ids.py", "import tracking.clock.rules.days"),
    ("audit-chain", "audit_chain/chain.py", "import servicekit.errors"),
    ("audit-chain", "audit_chain/hashing.py", "import sqlalchemy"),
    ("audit-trail", "audit_trail/store.py", "import servicekit.ids"),
    ("audit-trail", "audit_trail/store.py", "import billing.audit.rules"),
    ("audit-trail", "audit_trail/store.py", "import grpc"),
    ("idempotency", "idempotency/keys.py", "import contracts.billing.v1.action_pb2"),
    ("idempotency", "idempotency/keys.py", "import fastapi"),
    ("idempotency", "idempotency/messages.py", "import tenancy.actions.rules"),
    ("credentials", "credentials/tokens.py", "import servicekit.database"),
    ("sign-in-throttle", "sign_in_throttle/store.py", "import servicekit.ids"),
    ("sign-in-throttle", "sign_in_throttle/store.py", "import tracking.sign_in.store.sign_in_attempts"),
    ("sign-in-throttle", "sign_in_throttle/store.py", "import fastapi"),
    ("mailer", "mailer/queue.py", "import owner_portal.owners.rules.accounts"),
    ("text-rules", "text_rules/lines.py", "import sqlalchemy"),
    ("production", "tracking/maintenance.py", "import tracker_client"),
    ("production", "owner_portal/main.py", "import testkit"),
    ("tools", "tenantry_ops/demo/seed.py", "import tracking.maintenance"),
    ("test-code", "tenantry_ops/ports.py", "import testkit.world"),
    ("test-code", "tracker_client/rows.py", "import tenantry_ops.ports"),
    ("simulator", "tracker_client/client.py", "import tenantry_ops.home"),
]


@pytest.fixture(scope="module")
def tree(root: Path, tmp_path_factory: pytest.TempPathFactory, distributions: list[Distribution]) -> Path:
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
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache", *arguments]
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


def test_every_package_is_under_the_rules(root: Path, distributions: list[Distribution]) -> None:
    parser = ConfigParser()
    parser.read(root / ".importlinter")
    packages = {package.name for distribution in distributions for package in distribution.packages}
    assert set(parser["importlinter"]["root_packages"].split()) == packages


def test_each_rule_has_a_breach(root: Path) -> None:
    assert {contract for contract, _, _ in BREACHES} == rules(root).keys()
