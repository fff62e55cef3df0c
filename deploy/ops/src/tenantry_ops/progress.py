"""One line a step on the terminal, with the seconds it took."""

import contextlib
import sys
import time
from collections.abc import Iterator


def say(line: str) -> None:
    """Prints a line at once, also into a pipe."""
    print(line, flush=True)


def for_terminal(secret: str, instead: str) -> str:
    """Returns the secret where the output is a terminal, else what is said instead: pipes and files become logs."""
    return secret if sys.stdout.isatty() else instead


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """Shows what is being done, then how long it took; a failed step ends its line with "not done"."""
    started = time.monotonic()
    print(f"  {what:<44}", end="", flush=True)
    try:
        yield
    except BaseException:
        say("not done")
        raise
    say(f"{time.monotonic() - started:6.1f} s")
