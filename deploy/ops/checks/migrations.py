"""Checks that migrations can run while the services run: squawk reads the SQL of the steps since the first release.

Those up to `RELEASED` ran on empty or small databases, before there was anything to keep online.
"""

import io
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

RELEASED = {"billing": "0005", "tenancy": "0004", "owner_portal": "0010", "tracking": "0021"}
TARGET = Path("build/migrations")
# A step has no statement timeout: what takes long is built or filled outside a transaction, however long it takes.
EXCLUDED = "require-statement-timeout"


def render(package: str, since: str) -> str:
    """Returns the SQL of the steps after `since`; empty if there is none."""
    config = Config()
    config.set_main_option("script_location", f"{package}.db.store:migrations")
    config.attributes["url"] = ""
    if ScriptDirectory.from_config(config).get_current_head() == since:
        return ""
    with redirect_stdout(io.StringIO()) as sql:
        command.upgrade(config, f"{since}:head", sql=True)
    return sql.getvalue()


def lint(sql: Path) -> bool:
    """Prints what squawk finds; returns whether it found nothing."""
    program = str(Path(sys.executable).with_name("squawk"))
    return subprocess.run([program, "--exclude", EXCLUDED, str(sql)], check=False).returncode == 0


def main() -> int:
    """Returns the exit code."""
    TARGET.mkdir(parents=True, exist_ok=True)
    good = True
    for package, since in RELEASED.items():
        if text := render(package, since):
            file = TARGET / f"{package}.sql"
            file.write_text(text)
            good = lint(file) and good
        else:
            print(f"migrations: {package} has no step after {since}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
