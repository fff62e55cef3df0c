"""An operator recovers a company's last admin by the company key, with a link that no log contains."""

import re
from typing import Any

import pytest
from structlog.testing import capture_logs

from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from servicekit.errors import NotFound
from services.tracking.tests.fixtures.platform import NewTenant, Tenant
from services.tracking.tests.fixtures.workspace import OpenBrowser
from tracking import maintenance, settings
from tracking.access.worker import AccessSync

LINK = re.compile(r"/reset#([0-9a-f]{32}\.[\w-]{43})")


@pytest.fixture
async def tenant(new_tenant: NewTenant) -> Any:
    """A company of the test's own."""
    return await new_tenant(people=1)


@pytest.fixture
def config(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tenancy: TenancyServiceStub,  # noqa: ARG001 - it must answer
) -> settings.RecoverySettings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return settings.RecoverySettings()


async def test_the_link_sets_the_admins_password(
    config: settings.RecoverySettings,
    tenant: Tenant,
    open_browser: OpenBrowser,
    sync: AccessSync,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await sync.refresh()
    with capture_logs() as logs:
        await maintenance.recover(config, email=tenant.admin, key=tenant.key)
    [code] = LINK.findall(capsys.readouterr().out)
    [entry] = [entry for entry in logs if entry["event"] == "recovery link made"]
    assert entry["company_id"] == str(tenant.company_id)
    token = code.partition(".")[2]
    assert token not in str(logs)
    assert tenant.key not in str(logs)
    assert (await open_browser().post("/reset", code=code, new="a wholly new sesame")).status_code == 303
    assert (await open_browser().sign_in(tenant.admin, "a wholly new sesame")).status_code == 303
    assert (await open_browser().post("/reset", code=code, new="yet another sesame")).status_code == 404


async def test_who_gets_none(
    config: settings.RecoverySettings, tenant: Tenant, new_tenant: NewTenant, capsys: pytest.CaptureFixture[str]
) -> None:
    other = await new_tenant()
    for email, key in (
        (tenant.people[0], tenant.key),  # no admin
        (tenant.admin, other.key),
        (tenant.admin, f"company_{'0' * 32}"),
        (tenant.admin, ""),
        ("nobody@acme.example", tenant.key),
    ):
        with pytest.raises(NotFound):
            await maintenance.recover(config, email=email, key=key)
    assert "reset#" not in capsys.readouterr().out
