"""`python -m tenantry_ops.demo seed | live`, with TENANTRY_HOME; seed needs DEMO_TENANCY_ADDRESS and
DEMO_BILLING_ADDRESS (host:port) as well.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from tenantry_ops.demo.live import run_fleet
from tenantry_ops.demo.run_file import RunFile
from tenantry_ops.demo.seed import seed


def main() -> None:
    """Runs the command of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tenantry_ops.demo")
    parser.add_argument("command", choices=("seed", "live"))
    command = parser.parse_args().command
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # or each request is a line
    home = Path(os.environ["TENANTRY_HOME"])
    if command == "seed":
        seed(home, os.environ["DEMO_TENANCY_ADDRESS"], os.environ["DEMO_BILLING_ADDRESS"])
    else:
        asyncio.run(_live(RunFile(home)))


async def _live(run: RunFile) -> None:
    content = run.read()
    if not content.get("companies"):
        sys.exit("run.json has no companies: run `python -m tenantry_ops.demo seed` first")
    fleet = asyncio.ensure_future(run_fleet(content["gateway"], content["companies"]))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, fleet.cancel)
    await asyncio.wait([fleet])
    if not fleet.cancelled():
        fleet.result()


if __name__ == "__main__":
    main()
