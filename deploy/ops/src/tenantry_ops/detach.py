"""`DETACH=1 tenantry up`: the supervisor continues in the background once everything is up."""

import json
import os
import subprocess
import sys
import time

from tenantry_ops.home import Home
from tenantry_ops.progress import for_terminal, say

POLL_SECONDS = 0.1


def start_detached(home: Home) -> int:
    """Starts a supervisor in its own session, prints its output until all is up, and returns the exit code."""
    log = home.logs / "supervisor.log"
    home.ready.unlink(missing_ok=True)
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "tenantry_ops.cli", "up"],
            env={**os.environ, "DETACH": "0", "TENANTRY_HOME": str(home.root)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with log.open("r", encoding="utf-8") as shown:
        while supervisor.poll() is None:
            # Polled before reading, so that all output up to this moment is printed.
            ready = home.ready.exists()
            print(shown.read(), end="", flush=True)
            if ready:
                # The supervisor writes to a log and therefore omits the password.
                owner = json.loads(home.run.read_text())["owner"]
                password = for_terminal(owner["password"], f"see {home.run}")
                say(f"The password of {owner['email']}: {password}")
                say(f"It runs in the background (pid {supervisor.pid}); `make down` stops it.")
                # Prevents the interpreter's warning about a running child.
                supervisor.returncode = 0
                return 0
            time.sleep(POLL_SECONDS)
        print(shown.read(), end="", flush=True)
    return supervisor.returncode or 1
