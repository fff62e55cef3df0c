"""`python -m tenantry_ops.bench [NAME …]`: starts and measures a platform, and writes $TENANTRY_HOME/bench.json."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Set as AbstractSet
from pathlib import Path

from tenantry_ops.bench.crowd import gather
from tenantry_ops.bench.customers import add_customers
from tenantry_ops.bench.endurance import endurance
from tenantry_ops.bench.footprint import footprint
from tenantry_ops.bench.hostile import hostile
from tenantry_ops.bench.ingest import ingest
from tenantry_ops.bench.owner_lists import owner_lists
from tenantry_ops.bench.owner_pages import owner_pages
from tenantry_ops.bench.results import BenchmarkFailed, Result, table, write
from tenantry_ops.bench.rig import Rig
from tenantry_ops.bench.stand import stand
from tenantry_ops.bench.strain import strain
from tenantry_ops.bench.suspend_to_refusal import WORKERS, suspend_to_refusal
from tenantry_ops.bench.upload_to_page import upload_to_page
from tenantry_ops.files import make_folder
from tenantry_ops.options import Options
from tenantry_ops.progress import say, step

LATE = {"upload_to_page": upload_to_page, "suspend_to_refusal": suspend_to_refusal}
HEAVY = {"ingest": ingest, "strain": strain, "endurance": endurance, "hostile": hostile}
LISTS = {"owner_lists": owner_lists, "owner_pages": owner_pages}
EXPENSIVE = {"footprint", *HEAVY, "stand"}
LONG = {*LISTS, "stand"}  # run last, because they add companies without activity


def measure(names: AbstractSet[str], beside: Path) -> list[Result]:
    """Runs the named benchmarks: delays with several gateway workers, costs with one, lists with more companies."""
    results: list[Result] = []
    with Rig(beside) as rig:
        with step("start a platform"):
            rig.start(gateway_workers=WORKERS)
        with step("companies and people"):
            crowd = gather(rig)
        for name, delay in LATE.items():
            if name in names:
                with step(name):
                    results += asyncio.run(delay(rig, crowd))
        if names & EXPENSIVE:
            with step("stopping and starting again, one gateway worker"):
                rig.stop()
                started = rig.start(gateway_workers=1)
        if "footprint" in names:
            with step("footprint"):
                results += [Result("second_start", started, "s"), *footprint(rig)]
        for name, load in HEAVY.items():
            if name in names:
                with step(name):
                    results += load(rig, crowd)
        if names & LONG:
            with step("10,000 more customers"):
                customers = add_customers(rig)
        for name, lists in LISTS.items():
            if name in names:
                with step(name):
                    results += lists(rig)
        if "stand" in names:
            with step("stand"):
                results += stand(rig, crowd, customers)
    return results


def main() -> int:
    """Returns the exit code: 1 if a benchmark failed or a row was lost. A missed time goal is only printed."""
    known = [*LATE, "footprint", *HEAVY, *LISTS, "stand"]
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all when none is given: {', '.join(known)}")
    names = parser.parse_args().names or known
    if unknown := set(names) - set(known):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    home = make_folder(Options.from_environment().home, 0o711)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # also stops the platform
    try:
        results = measure(set(names), home)
    except BenchmarkFailed as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    write(results, home / "bench.json")
    say(f"\n{table(results)}\n\nwritten to {home / 'bench.json'}")
    return int(any(result.must and result.is_missed for result in results))


if __name__ == "__main__":
    sys.exit(main())
