"""Cleanup of processes that a killed supervisor has left running."""

import signal

from tenantry_ops import processes
from tenantry_ops.engines import PostgresEngine
from tenantry_ops.home import Home

GRACE_SECONDS = 15.0
ENGINES = {"postgres", "nats"}


def end_leftovers(home: Home) -> list[str]:
    """Ends every process of processes.json that still has its identity, engines last; returns their names.

    Only the holder of the home's lock may call this, because a living supervisor would restart them.
    """
    left = [(record.name, survivors) for record in home.read_processes() if (survivors := record.survivors())]
    services = [process for name, survivors in left if name not in ENGINES for process in survivors]
    processes.end(services, GRACE_SECONDS)
    for name, survivors in left:
        if name in ENGINES:
            fast = PostgresEngine.stop_signal if name == PostgresEngine.name else signal.SIGTERM
            processes.end(survivors, GRACE_SECONDS, fast)
    home.write_processes([])
    home.ready.unlink(missing_ok=True)
    return [name for name, _ in left]
