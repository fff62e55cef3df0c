"""Files and folders with restricted permissions."""

import os
from pathlib import Path


def write_private(path: Path, content: str | bytes) -> None:
    """Replaces the file atomically; its mode is 600 from the start."""
    data = content.encode() if isinstance(content, str) else content
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)


def make_folder(path: Path, mode: int) -> Path:
    """Creates the folder with this mode regardless of the umask; does not change an existing one."""
    if not path.is_dir():
        path.mkdir(parents=True)
        path.chmod(mode)
    return path
