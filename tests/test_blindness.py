"""The owner is blind by construction: nothing in the portal leads to tracking.

Each check runs twice: on the real platform, and on a copy with an added path to tracking, where it must fail.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from servicekit.errors import Forbidden
from tenantry_ops import environment
from tenantry_ops.engines import NatsEngine
from tenantry_ops.environment import Platform
from tenantry_ops.provision import authorization, nats_users
from tenantry_ops.provision.nats_users import PERMISSIONS, Permissions
from tests.platform import blindness
from tests.platform.broker import may_publish, may_subscribe
from tests.platform.rpc import methods, outcome
from tests.platform.running import Running

ROOT = Path(__file__).parents[1]
PORTAL = ROOT / "services" / "owner-portal"
DOCKERFILE = (ROOT / "deploy" / "docker" / "Dockerfile").read_text()
COMPOSE = (ROOT / "docker-compose.yml").read_text()
COMPANY = "01890a5d-ac96-774b-bcce-b302099a8057"

FOR_TRACKING = {
    "tenancy/ListAccessChanges",
    "tenancy/ReportKeyUse",
    "tenancy/ReportSync",
    "billing/ListEntitlementChanges",
}
UNHEARD = ("tenancy.v1.>", "billing.v1.>", "usage.v1.>", ">", "_INBOX_tracking.>", "$JS.API.>")
UNSAID = (
    f"usage.v1.{COMPANY}.202611",
    "tenancy.v1.company.suspended",
    "billing.v1.subscription.started",
    "_INBOX_tracking.answer",
    "$JS.API.STREAM.MSG.GET.TENANCY",
    "$JS.API.DIRECT.GET.BILLING.billing.v1.subscription.started",
    "$JS.API.CONSUMER.CREATE.TENANCY",
    "$JS.API.CONSUMER.MSG.NEXT.TENANCY.billing",
    "$JS.API.STREAM.CREATE.PORTAL",
    "$JS.API.STREAM.UPDATE.USAGE",
    "$JS.API.STREAM.PURGE.USAGE",
    "$JS.API.STREAM.DELETE.USAGE",
)


def test_the_environment_leads_nowhere(running: Running) -> None:
    made = environment.serving(running.platform, "owner-portal")
    assert blindness.ways_in_environment(made, running.platform) == []
    assert blindness.ways_in_environment(running.environment_of("portal"), running.platform) == []


@pytest.mark.parametrize(
    "value",
    [
        lambda platform: platform.database_url("tracking_app", "tracking"),
        lambda platform: platform.secrets.roles["tracking_dispatch"],
        lambda platform: platform.nats_url("tracking"),
        lambda platform: f"http://{platform.gateway}/api",
        lambda platform: platform.workspace,
        lambda platform: platform.secrets.key_pepper,
    ],
)
def test_an_added_variable_is_found(running: Running, value: Callable[[Platform], str]) -> None:
    made = environment.serving(running.platform, "owner-portal")
    added = made | {"PORTAL_BACKEND": value(running.platform)}
    assert blindness.ways_in_environment(added, running.platform) == ["PORTAL_BACKEND"]


def test_no_declared_dependency_leads_to_tracking() -> None:
    assert blindness.forbidden_dependencies(PORTAL / "pyproject.toml") == set()


@pytest.mark.parametrize("name", ["tenantry-tracking", "tenantry-tracker-client"])
def test_an_added_dependency_is_found(tmp_path: Path, name: str) -> None:
    text = (PORTAL / "pyproject.toml").read_text()
    changed = tmp_path / "pyproject.toml"
    changed.write_text(text.replace("dependencies = [\n", f'dependencies = [\n    "{name}",\n', 1))
    assert blindness.forbidden_dependencies(changed) == {name}


def test_no_import_loads_tracking() -> None:
    assert blindness.forbidden_imports(PORTAL / "src") == set()


@pytest.mark.parametrize("module", ["tracking.clock.rules.spans", "tracker_client.rows"])
def test_an_added_import_is_found(tmp_path: Path, module: str) -> None:
    shutil.copytree(PORTAL / "src" / "owner_portal", tmp_path / "owner_portal")
    with (tmp_path / "owner_portal" / "usage" / "rules.py").open("a") as file:
        file.write(f"\nimport {module}\n")
    assert module in blindness.forbidden_imports(tmp_path)


@pytest.mark.parametrize("subject", UNHEARD)
async def test_the_portal_may_subscribe_to_no_subject(running: Running, subject: str) -> None:
    assert not await may_subscribe(running.platform.nats_url("portal"), subject)


@pytest.mark.parametrize("subject", UNSAID)
async def test_the_portal_may_publish_no_subject(running: Running, subject: str) -> None:
    assert not await may_publish(running.platform.nats_url("portal"), subject)


async def test_added_permissions_are_found(
    running: Running, engine_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = Permissions((*PERMISSIONS["portal"].publish, *UNSAID), UNHEARD)
    monkeypatch.setitem(nats_users.PERMISSIONS, "portal", everything)
    passwords = running.platform.secrets.nats
    with NatsEngine(engine_folder / "open-nats", authorization(passwords)) as broker:
        url = broker.url("portal", passwords["portal"])
        assert [subject for subject in UNSAID if not await may_publish(url, subject)] == []
        # `>` would also receive the expected refusal; the others are enough.
        assert [subject for subject in UNHEARD if not await may_subscribe(url, subject)] == []


def may_connect(running: Running, database: str) -> bool:
    """Returns whether the portal's role can connect to a database of the server that it knows."""
    try:
        psycopg.connect(running.platform.database_url("portal_app", database)).close()
    except psycopg.OperationalError as refusal:
        if "CONNECT privilege" not in str(refusal):
            raise
        return False
    return True


def test_the_database_role_can_connect_nowhere_else(running: Running) -> None:
    others = ("tracking", "tenancy", "billing", "postgres", "template1")
    assert [name for name in others if may_connect(running, name)] == []
    assert may_connect(running, "portal")


def test_an_added_right_to_connect_is_found(running: Running) -> None:
    running.execute("tracking", "GRANT CONNECT ON DATABASE tracking TO portal_app")
    try:
        assert may_connect(running, "tracking")
    finally:
        running.execute("tracking", "REVOKE CONNECT ON DATABASE tracking FROM portal_app")


async def test_each_certificate_opens_its_own_methods_only(running: Running) -> None:
    for method in sorted(methods()):
        mine, foreign = ("tracking", "owner-portal") if method in FOR_TRACKING else ("owner-portal", "tracking")
        assert await outcome(running, foreign, method) is Forbidden, method
        assert await outcome(running, mine, method) is not Forbidden, method
    assert methods() >= FOR_TRACKING


def test_the_image_contains_nothing_of_tracking() -> None:
    assert blindness.foreign_sources(DOCKERFILE) == set()
    added = DOCKERFILE.replace("COPY services/owner-portal services/owner-portal", "COPY services services")
    assert blindness.foreign_sources(added) == {"services"}
    below = DOCKERFILE.replace("COPY protos protos", "COPY protos protos\nCOPY services/tracking services/tracking")
    assert blindness.foreign_sources(below) == {"services/tracking"}
    beside = DOCKERFILE.replace("AS web\n", "AS web\nCOPY services/tracking services/tracking\n")
    assert blindness.foreign_sources(beside) == {"services/tracking"}


def seen_from_the_portal(compose: str) -> set[str]:
    """Returns the parts of tracking that share a network with one of the portal's containers."""
    portals = ("portal", "portal-migrate", "portal-postgres")
    near = {name for portal in portals for name in blindness.neighbours(compose, portal)}
    trackings = {name for name in near if blindness.images(compose, [name]) == {"tenantry/tracking"}}
    return trackings | (near & {"postgres"})


@pytest.mark.parametrize(
    ("before", "after", "seen"),
    [
        ("", "", set()),
        ("owner-portal}\n  networks: [owner]", "owner-portal}\n  networks: [owner, core]", {"gateway", "postgres"}),
        ("target: tracking}\n  networks: [core]", "target: tracking}\n  networks: [core, owner]", {"aggregator"}),
        (
            "  postgres:\n    <<: *postgres\n    networks: [core]",
            "  postgres:\n    <<: *postgres\n    networks: [owner]",
            {"postgres"},
        ),
    ],
)
def test_no_network_leads_to_tracking(before: str, after: str, seen: set[str]) -> None:
    assert before in COMPOSE
    found = seen_from_the_portal(COMPOSE.replace(before, after, 1))
    assert found >= seen
    assert bool(found) == bool(seen)
