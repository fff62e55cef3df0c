"""The options of `tenantry`, from the caller's environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tenantry_ops.certificates import LIFETIME

MAX_DAYS = 3650


class UsageError(ValueError):
    """The command cannot run with these options; the message says what to change."""


@dataclass(frozen=True)
class Options:
    """Home, ports and modes of a platform."""

    home: Path
    portal_port: int = 8000
    gateway_port: int = 8080
    workspace_port: int = 8090
    gateway_workers: int = 2
    demo: bool = True
    detach: bool = False
    log_level: str = "INFO"
    certificate_days: float = LIFETIME / timedelta(days=1)

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] = os.environ) -> "Options":
        """Reads the variables that `tenantry --help` lists. Raises UsageError."""
        options = cls(
            home=Path(variables.get("TENANTRY_HOME") or ".tenantry").absolute(),
            portal_port=_number(variables, "PORTAL_PORT", 8000, 65_535),
            gateway_port=_number(variables, "GATEWAY_PORT", 8080, 65_535),
            workspace_port=_number(variables, "WORKSPACE_PORT", 8090, 65_535),
            gateway_workers=_number(variables, "GATEWAY_WORKERS", 2, 64),
            demo=variables.get("DEMO", "1") != "0",
            detach=variables.get("DETACH", "0") not in {"", "0"},
            log_level=variables.get("LOG_LEVEL", "INFO"),
            certificate_days=_days(variables, "CERTIFICATE_DAYS", cls.certificate_days),
        )
        if len(set(options.public_ports().values())) < 3:
            raise UsageError("PORTAL_PORT, GATEWAY_PORT and WORKSPACE_PORT must be three different ports")
        return options

    @property
    def certificate_lifetime(self) -> timedelta:
        """How long a certificate of a service is valid."""
        return timedelta(days=self.certificate_days)

    def public_ports(self) -> dict[str, int]:
        """Returns the ports people know, by the variable that sets each."""
        return {
            "PORTAL_PORT": self.portal_port,
            "GATEWAY_PORT": self.gateway_port,
            "WORKSPACE_PORT": self.workspace_port,
        }


def _days(variables: Mapping[str, str], name: str, default: float) -> float:
    text = variables.get(name) or str(default)
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days <= MAX_DAYS:
        raise UsageError(f"{name} is {text!r}: set it to a number of days up to {MAX_DAYS}")
    return days


def _number(variables: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = variables.get(name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise UsageError(f"{name} is {text!r}: set it to a number from 1 to {most}")
    return int(text)
