"""Part of `make check`: no tracked file may contain a secret that .secrets.baseline does not list.

The baseline lists what only looks like one, such as passwords of tests. After a change that adds such a thing:
`.venv/bin/python deploy/ops/checks/secrets.py --accept`, then read the difference before you commit it.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BASELINE = ".secrets.baseline"
ONLY_LINES_MOVED = 3  # the hook's exit code in this case
# Hashes and generated code never contain secrets.
LEFT_OUT = "|".join(
    (
        r"(^|/)(requirements\.lock|package-lock\.json|released\.binpb|\.secrets\.baseline)$",
        r"^deploy/docker/locks/",
        r"^protos/gen/",
    )
)


def tracked() -> list[str]:
    """Returns the files that git tracks or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and Path(name).is_file()]


def check(files: list[str], baseline: str) -> int:
    """Returns 0 if the baseline lists all findings; otherwise prints where the others are."""
    hook = str(Path(sys.executable).with_name("detect-secrets-hook"))
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(baseline, folder)  # the hook writes new line numbers to the file
        command = [hook, "--baseline", str(copy), "--exclude-files", LEFT_OUT, *files]
        code = subprocess.run(command, check=False).returncode
    return 0 if code == ONLY_LINES_MOVED else code


def accept() -> int:
    """Rewrites the baseline."""
    scan = str(Path(sys.executable).with_name("detect-secrets"))
    result = subprocess.run([scan, "scan", "--exclude-files", LEFT_OUT], capture_output=True, text=True, check=True)
    Path(BASELINE).write_text(result.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(accept() if "--accept" in sys.argv[1:] else check(tracked(), BASELINE))
