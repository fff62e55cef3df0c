"""The engines as containers, for machines where the wheels do not run. stop() removes them; the reaper is off."""

import json
import secrets
import socket
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from tenantry_ops.engines import server_config
from tenantry_ops.files import write_private

START_SECONDS = 60.0
POLL_SECONDS = 0.1


class _ContainerEngine(ABC):
    """A container with one published port."""

    def __init__(self, container: DockerContainer, port: int) -> None:
        testcontainers_config.ryuk_disabled = True
        self._container = container.with_exposed_ports(port)
        self._inner_port = port

    @property
    def host(self) -> str:
        return str(self._container.get_container_host_ip())

    @property
    def port(self) -> int:
        return int(self._container.get_exposed_port(self._inner_port))

    def start(self) -> None:
        """Starts the container and waits until the server answers. Raises TimeoutError."""
        self._container.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                self.stop()
                raise TimeoutError(f"{self._container.image} does not answer after {START_SECONDS:.0f} s")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Removes the container and its data."""
        self._container.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    @abstractmethod
    def _answers(self) -> bool: ...


class DockerPostgres(_ContainerEngine):
    """postgres:18 with the same locale and limits as the embedded one."""

    def __init__(self) -> None:
        self._password = secrets.token_urlsafe(24)
        container = (
            DockerContainer("postgres:18")
            .with_env("POSTGRES_PASSWORD", self._password)
            .with_env("POSTGRES_INITDB_ARGS", "--encoding=UTF8 --locale-provider=builtin --locale=C.UTF-8")
            .with_command(["postgres", "-c", "max_connections=200", "-c", "timezone=UTC"])
        )
        super().__init__(container, 5432)

    def dsn(self, database: str = "postgres") -> str:
        """Returns the superuser's URL of a database."""
        return f"postgresql://postgres:{self._password}@{self.host}:{self.port}/{database}"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


class DockerNats(_ContainerEngine):
    """nats:2 with the platform's configuration mounted into it."""

    def __init__(self, data_dir: Path, authorization: str) -> None:
        config = data_dir / "nats.conf"
        write_private(config, server_config("0.0.0.0:4222", "/data", authorization))
        container = (
            DockerContainer("nats:2")
            .with_volume_mapping(str(config), "/etc/nats/tenantry.conf", "ro")
            .with_command(["--config", "/etc/nats/tenantry.conf"])
        )
        super().__init__(container, 4222)

    def url(self, user: str, password: str) -> str:
        """Returns the URL with which this user connects."""
        return f"nats://{user}:{password}@{self.host}:{self.port}"

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=1.0) as connection:
                return json.loads(connection.makefile().readline().removeprefix("INFO "))["jetstream"] is True
        except (OSError, ValueError, KeyError):
            return False
