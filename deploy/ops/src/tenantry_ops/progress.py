"""Progress on the terminal: one line per step, with its duration."""

import contextlib
import sys
import time
from collections.abc import Iterator


def say(line: str) -> None:
    """Prints a line and flushes it, also into a pipe."""
    print(line, flush=True)


def for_terminal(secret: str, instead: str) -> str:
    """Returns the secret if the output is a terminal, otherwise `instead`, because pipes and files become logs."""
    return secret if sys.stdout.isatty() else instead


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """Prints the step, then its duration; a failed step ends its line with "not done"."""
    started = time.monotonic()
    print(f"  {what:<44}", end="", flush=True)
    try:
        yield
    except BaseException:
        say("not done")
        raise
    say(f"{time.monotonic() - started:6.1f} s")
