"""`tenantry up`: starts the platform, keeps it running, and stops it in order."""

import signal
import threading
import time
from contextlib import suppress
from datetime import timedelta
from types import FrameType

from tenantry_ops import stack
from tenantry_ops.certificates import Certificates, renew
from tenantry_ops.child import Child, Program, stop_together
from tenantry_ops.environment import Platform
from tenantry_ops.home import Home
from tenantry_ops.leftovers import end_leftovers
from tenantry_ops.options import Options, UsageError
from tenantry_ops.ports import is_free
from tenantry_ops.processes import ProcessRecord
from tenantry_ops.programs import create_owner, demo_fleet, demo_seed, migrations, services
from tenantry_ops.progress import for_terminal, say, step
from tenantry_ops.secrets import load_or_generate
from tenantry_ops.watch import Unit, Watch

TEND_SECONDS = 0.2
RENEW_SECONDS = 3600.0


class StopRequested(Exception):
    """A signal requested the end."""


class Supervisor:
    """One run of the platform in one home. The caller must hold the home's lock."""

    def __init__(self, home: Home, options: Options) -> None:
        self._home = home
        self._options = options
        self._stop = threading.Event()
        self._secrets = load_or_generate(home.secrets)
        self._postgres, self._nats = stack.engines(home, self._secrets)
        self._units: list[Unit] = []  # in the order of their start
        self._children: list[Child] = []

    def run(self) -> None:
        """Runs until a signal, then stops in order. Raises UsageError, StartFailed or EngineError."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        self._end_leftovers()
        self._check_ports()
        try:
            with suppress(StopRequested):
                self._start()
                self._keep_running()
        finally:
            self._end()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stop.set()

    def _check(self) -> None:
        if self._stop.is_set():
            raise StopRequested

    def _end_leftovers(self) -> None:
        names = end_leftovers(self._home)
        if names:
            say(f"Stopping processes that an earlier, killed run left behind: {', '.join(names)}")

    def _check_ports(self) -> None:
        for variable, port in self._options.public_ports().items():
            if not is_free(port):
                raise UsageError(
                    f"port {port} is taken: set {variable} to a free one, as in `{variable}={port + 1} make up`"
                )

    def _start(self) -> None:
        say(f"Tenantry starts in {self._home.root}")
        with step("PostgreSQL"):
            self._run_unit(self._postgres)
        self._check()
        with step("NATS"):
            self._run_unit(self._nats)
        self._check()
        platform = stack.plan(self._home, self._options, self._postgres, self._nats)
        with step("roles, databases, streams"):
            stack.provision(self._secrets, self._postgres, self._nats)
        with step("migrations of the four databases"):
            stack.run_together(migrations(platform), self._home, self._check)
        with step("the owner's account"):
            stack.run_together([create_owner(platform)], self._home, self._check)
        self._start_services(platform)
        urls = {name: f"http://{getattr(platform, name)}" for name in ("portal", "gateway", "workspace")}
        self._home.write_run(urls=urls, email=self._secrets.owner_email, password=self._secrets.owner_password)
        if self._options.demo:
            self._start_demo(platform)
        self._home.ready.touch()
        self._announce(urls)

    def _start_services(self, platform: Platform) -> None:
        started = [(service, self._start_child(service.program)) for service in services(platform)]
        for service, child in started:
            with step(f"{child.name} is ready"):
                stack.wait_ready(service, child, self._check)

    def _start_demo(self, platform: Platform) -> None:
        """The platform is useful without its demo, so a failed seed is reported and start-up continues."""
        try:
            with step("demo companies and their history"):
                stack.run_together([demo_seed(platform, self._home.root)], self._home, self._check)
        except stack.StartFailed as error:
            say(f"The platform runs, but without demo data: {error}")
        else:
            self._start_child(demo_fleet(platform, self._home.root))

    def _start_child(self, program: Program) -> Child:
        child = Child(program, self._home.logs)
        self._children.append(child)
        self._run_unit(child)
        return child

    def _run_unit(self, unit: Unit) -> None:
        self._units.append(unit)
        unit.start()
        self._record()

    def _record(self) -> None:
        """Stores the processes after every start, so that a later cleanup finds them."""
        running = [unit for unit in self._units if unit.is_running()]
        self._home.write_processes(ProcessRecord.of(unit.name, unit.pid) for unit in running)

    def _keep_running(self) -> None:
        watches = [Watch(unit, say) for unit in self._units]
        certificates = Certificates(self._home.certificates)
        lifetime = self._options.certificate_lifetime
        pause = min(RENEW_SECONDS, lifetime.total_seconds() / 20)
        renewed_at = time.monotonic()
        while not self._stop.wait(TEND_SECONDS):
            if time.monotonic() - renewed_at > pause:
                renewed_at = time.monotonic()
                self._renew(certificates, lifetime)
            restarted = [watch.unit for watch in watches if watch.tend()]
            if restarted:
                self._record()

    def _renew(self, certificates: Certificates, lifetime: timedelta) -> None:
        """A failure, as of a full disk, is no reason to stop: the next attempt is due long before anything expires."""
        try:
            names = renew(certificates, lifetime=lifetime)
        except OSError as error:
            say(f"certificates could not be renewed: {error}")
        else:
            if names:
                say(f"renewed the certificates of {', '.join(names)}")

    def _end(self) -> None:
        say("Tenantry stops")
        self._home.ready.unlink(missing_ok=True)
        for name in stop_together(self._children):
            say(f"  {name} did not stop by itself and was killed")
        self._nats.stop()
        self._postgres.stop()
        self._home.write_processes([])
        say("  all processes have ended")

    def _announce(self, urls: dict[str, str]) -> None:
        password = for_terminal(self._secrets.owner_password, f"(password: see {self._home.run})")
        say(f"""
Tenantry is up.
  owner's portal   {urls["portal"]}/owner/dashboard/
                   {self._secrets.owner_email}  {password}
  workspace        {urls["workspace"]}/   (companies' admins and employees)
  trackers         {urls["gateway"]}/api  (API_URL of the desktop tracker)
  more in          {self._home.run} and {self._home.logs}
""")
